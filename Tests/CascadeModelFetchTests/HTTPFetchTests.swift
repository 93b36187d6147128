import Foundation
import Testing

@testable import CascadeModelFetch

extension ModelFetchTests {
    struct HTTP {
        @Test func fetchesVerifiesAndRemembers() async throws {
            let bench = try await Bench()
            let events = Events()
            let url = try await bench.fetcher().fetch("tiny", progress: events.note)
            #expect(url == bench.models.appendingPathComponent("model.gguf"))
            #expect(try bench.isWhole(url))
            #expect(bench.files() == ["model.gguf", "model.gguf.verified"])
            #expect(events.all.contains(.source("Hugging Face")))
            #expect(events.all.contains(.checking))
            #expect(events.bytes == bench.data.count)
            #expect(events.notices == ["weights under test licence"])

            let asked = try bench.requests().count
            let again = Events()
            #expect(try await bench.fetcher().fetch("SMALL", progress: again.note) == url)
            #expect(again.all.isEmpty, "a remembered file needs no second look")
            #expect(try bench.requests().count == asked)
            #expect(bench.fetcher().installed("tiny") == url)
        }

        @Test func aFilePutThereByHandIsHashedOnce() async throws {
            let bench = try await Bench()
            try FileManager.default.copyItem(at: bench.served, to: bench.models)
            let events = Events()
            _ = try await bench.fetcher().fetch("tiny", progress: events.note)
            #expect(events.all == [.checking])
            _ = try await bench.fetcher().fetch("tiny", progress: events.note)
            #expect(events.all == [.checking])
            #expect(try bench.requests().isEmpty)
        }

        @Test func aWrongFileUnderTheNameIsReplaced() async throws {
            let bench = try await Bench()
            try FileManager.default.createDirectory(at: bench.models, withIntermediateDirectories: true)
            let target = bench.models.appendingPathComponent("model.gguf")
            try Data(bench.data.reversed()).write(to: target)
            let events = Events()
            #expect(try bench.isWhole(try await bench.fetcher().fetch("tiny", progress: events.note)))
            #expect(events.notices.contains { $0.contains(bench.sha256) && $0.contains("fetching tiny anew") })
        }

        @Test func goesOnAfterEveryBrokenConnection() async throws {
            let bench = try await Bench()
            let url = try await bench.fetcher(habit: "cut").fetch("tiny")
            #expect(try bench.isWhole(url))
            #expect(
                try bench.requests().map(\.range)
                    == [nil, "bytes=100000-", "bytes=200000-", "bytes=300000-"]
            )
        }

        @Test func cancelKeepsWhatArrivedAndEndsChildren() async throws {
            let bench = try await Bench(bytes: 2_000_000)
            let events = Events()
            let fetch = Task { try await bench.fetcher(habit: "slow").fetch("tiny", progress: events.note) }
            #expect(try await eventually { events.bytes > 100_000 })
            let child = "127.0.0.1:\(bench.port)/slow/"
            #expect(processRuns(mentioning: child))
            fetch.cancel()
            await #expect(throws: CancellationError.self) { try await fetch.value }
            #expect(!processRuns(mentioning: child))
            #expect(bench.files() == ["model.gguf.partial", "model.gguf.partial.note"])
            let kept = try #require(FileSystem.stamp(bench.models.appendingPathComponent("model.gguf.partial"))).bytes
            #expect(kept >= events.bytes)
            #expect(kept < bench.data.count)

            #expect(try bench.isWhole(try await bench.fetcher().fetch("tiny")))
            #expect(try bench.requests().last?.range == "bytes=\(kept)-")
            #expect(bench.files() == ["model.gguf", "model.gguf.verified"])
        }

        /// Whoever may write into the folder could say of any file that it was verified.
        @Test func aRecordThatOthersCanWriteDoesNotCount() async throws {
            let bench = try await Bench()
            let url = try await bench.fetcher().fetch("tiny")
            try Data(bench.data.reversed()).write(to: url)
            VerifiedRecord.save(for: url, sha256: bench.sha256, origin: "")
            #expect(try await bench.fetcher().fetch("tiny") == url)
            #expect(try !bench.isWhole(url))
            chmod(url.appendingPathExtension("verified").path, 0o646)
            #expect(try await bench.fetcher().fetch("tiny") == url)
            #expect(try bench.isWhole(url))
        }

        @Test func startsAnewAtAServerWithoutRanges() async throws {
            let bench = try await Bench()
            try bench.leavePartial(bench.data.prefix(150_000))
            #expect(try bench.isWhole(try await bench.fetcher(habit: "plain").fetch("tiny")))
            #expect(try bench.requests().map(\.range) == ["bytes=150000-", nil])
        }

        @Test func aCompletePartialFileNeedsNoServer() async throws {
            let bench = try await Bench()
            try bench.leavePartial(bench.data)
            #expect(try bench.isWhole(try await bench.fetcher(habit: "refused").fetch("tiny")))
            #expect(try bench.requests().isEmpty)
        }

        @Test func aBadBeginningIsFetchedAgain() async throws {
            let bench = try await Bench()
            try bench.leavePartial(repeatElement(0, count: 150_000))
            let events = Events()
            #expect(try bench.isWhole(try await bench.fetcher().fetch("tiny", progress: events.note)))
            #expect(try bench.requests().map(\.range) == ["bytes=150000-", nil])
            #expect(events.notices.contains { $0.contains("starting from the first byte") })
        }

        @Test func aPartialFileOfAnotherContentIsDropped() async throws {
            let bench = try await Bench()
            try bench.leavePartial(bench.data.prefix(150_000))
            let note = bench.models.appendingPathComponent("model.gguf.partial.note")
            try "sha256:of another release".write(to: note, atomically: true, encoding: .utf8)
            #expect(try bench.isWhole(try await bench.fetcher().fetch("tiny")))
            #expect(try bench.requests().map(\.range) == [nil])
        }

        @Test func aWrongHashIsRefusedAndNothingIsKept() async throws {
            let bench = try await Bench()
            let expected = String(repeating: "ab", count: 32)
            let error = try await fetchError {
                try await bench.fetcher(bench.catalogue(sha256: expected)).fetch("tiny")
            }
            #expect(error.code == .wrongHash)
            #expect(error.message.contains(expected) && error.message.contains(bench.sha256))
            #expect(bench.files().isEmpty)
        }

        @Test(arguments: ["short", "long"])
        func aWrongSizeIsRefusedAndNothingIsKept(habit: String) async throws {
            let bench = try await Bench()
            let events = Events()
            let error = try await fetchError {
                try await bench.fetcher(habit: habit).fetch("tiny", progress: events.note)
            }
            #expect(error.code == .wrongSize)
            #expect(error.message.contains("400000 bytes expected"))
            #expect(events.bytes <= bench.data.count, "bytes beyond the announced end were written")
            #expect(bench.files().isEmpty)
        }

        @Test func aRefusalSaysWhatTheServerSaid() async throws {
            let bench = try await Bench()
            let error = try await fetchError { try await bench.fetcher(habit: "refused").fetch("tiny") }
            #expect(error.code == .refused)
            #expect(error.message.contains("403"))
        }

        @Test func anUnreachableHostFailsQuickly() async throws {
            let bench = try await Bench()
            let fetcher = ModelFetcher(
                directory: bench.models,
                catalogue: bench.catalogue(),
                environment: try bench.offline()
            )
            let start = ContinuousClock.now
            let error = try await fetchError { try await fetcher.fetch("tiny") }
            #expect(error.code == .unreachable)
            #expect(error.message.hasSuffix("; \(ModelFetchError.wayOut)"))
            #expect(ContinuousClock.now - start < .seconds(5))
            #expect(bench.files().isEmpty)
        }

        @Test func tooLittleRoomIsSaidBeforeAnythingIsAsked() async throws {
            let bench = try await Bench()
            let error = try await fetchError {
                try await bench.fetcher(bench.catalogue(bytes: 1 << 60)).fetch("tiny")
            }
            #expect(error.code == .noSpace)
            #expect(error.message.contains("needed"))
            #expect(try bench.requests().isEmpty)
            #expect(bench.files().isEmpty)
        }

        @Test func withoutCurlItNamesThePackage() async throws {
            let bench = try await Bench()
            var environment = bench.environment(habit: "range")
            environment["PATH"] = bench.root.path
            let fetcher = ModelFetcher(
                directory: bench.models,
                catalogue: bench.catalogue(),
                environment: environment
            )
            let error = try await fetchError { try await fetcher.fetch("tiny") }
            #expect(error.code == .missingTool)
            #expect(error.message.contains("apt-get install curl"))
        }

        @Test func twoFetchesAtOnceTransferOnce() async throws {
            let bench = try await Bench(bytes: 1_000_000)
            let (first, second) = (Events(), Events())
            async let one = bench.fetcher(habit: "slow").fetch("tiny", progress: first.note)
            #expect(try await eventually { first.bytes > 0 })
            let two = try await bench.fetcher(habit: "slow").fetch("tiny", progress: second.note)
            #expect(try await one == two)
            #expect(try bench.isWhole(two))
            #expect(second.notices == ["another fetch of tiny is at work; waiting for it"])
            #expect(try bench.requests().count == 1)
        }
    }

    struct WithoutCatalogue {
        @Test func hubReferenceTakesSizeAndHashFromTheHub() async throws {
            let bench = try await Bench()
            let fetcher = bench.fetcher(habit: "moved", ModelCatalogue(models: []))
            let url = try await fetcher.fetch("hf:someone/something/sub/model.gguf")
            #expect(url == bench.models.appendingPathComponent("hf/someone/something/sub/model.gguf"))
            #expect(try bench.isWhole(url))
            let record = try #require(VerifiedRecord.load(for: url))
            #expect(record.sha256 == bench.sha256)
            let asked = try bench.requests().count
            #expect(try await fetcher.fetch("hf:someone/something/sub/model.gguf") == url)
            #expect(try bench.requests().count == asked)
        }

        @Test func aHashThatDiffersFromTheHubsIsRefused() async throws {
            let bench = try await Bench()
            let fetcher = bench.fetcher(habit: "lying", ModelCatalogue(models: []))
            let error = try await fetchError { try await fetcher.fetch("hf:someone/something/model.gguf") }
            #expect(error.code == .wrongHash)
            #expect(bench.files().isEmpty)
        }

        @Test func urlResumesOnlyTheSameVersion() async throws {
            let bench = try await Bench()
            let address = "http://127.0.0.1:\(bench.port)/range/model.gguf"
            let place = bench.models.appendingPathComponent("url/127.0.0.1:\(bench.port)/range/model.gguf")
            try FileManager.default.createDirectory(
                at: place.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            func leave(version: String) throws {
                let partial = try PartialFile(of: place, content: "\(address) \"\(version)\"")
                try bench.data.prefix(150_000).withUnsafeBytes { try partial.append($0) }
            }
            try leave(version: bench.sha256)
            #expect(try bench.isWhole(try await bench.fetcher().fetch(address)))
            #expect(try bench.requests().map(\.range) == [nil, "bytes=150000-"], "a question and the rest of the file")
            #expect(bench.fetcher().installed(address) == place)

            try FileManager.default.removeItem(at: place)
            try leave(version: "older")
            #expect(try bench.isWhole(try await bench.fetcher().fetch(address)))
            #expect(try bench.requests().suffix(2).map(\.range) == [nil, nil])
        }

        @Test func urlWithoutAVersionStartsFromTheFirstByte() async throws {
            let bench = try await Bench()
            let address = "http://127.0.0.1:\(bench.port)/plain/model.gguf"
            #expect(try bench.isWhole(try await bench.fetcher().fetch(address)))
        }
    }
}
