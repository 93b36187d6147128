import CascadeTestSupport
import Foundation
import Testing

@testable import cascade

/// Where files go, as commands have it; the rules are `PlacesTests`' to prove.
@Suite struct PlacesCommandTests {
    /// Runs `body` with a folder that is gone afterwards.
    private func withHome(_ body: (URL) async throws -> Void) async throws {
        let home = FileManager.default.temporaryDirectory.appending(path: "home-\(UUID().uuidString)")
        try FileManager.default.createDirectory(at: home, withIntermediateDirectories: true)
        defer { try? FileManager.default.removeItem(at: home) }
        try await body(home)
    }

    /// Keys, models and records of one user lie below one home.
    @Test func followHome() async throws {
        try await withHome { home in
            let environment = [
                "HOME": home.path, "XDG_CONFIG_HOME": "relative", "XDG_CACHE_HOME": "", "CASCADE_MODELS_DIR": "",
            ]
            let key = try await CascadeProcess.run(["keys", "new", "a", "--role", "client"], environment: environment)
            #expect(key.output == home.path + "/.config/cascade/keys/a.key\n", "\(key)")
            let list = try await CascadeProcess.run(["keys", "list"], environment: environment)
            #expect(list.output.contains("a.key"))
            let models = home.appending(path: ".cache/cascade/models")
            let doctor = try await CascadeProcess.run(["doctor", "--no-hash"], environment: environment)
            #expect(doctor.output.contains(models.path), "\(doctor.output)")
            let tokens = try await CascadeProcess.run(
                ["model", "tokenize", "--model", "qwen2.5-coder-0.5b", "x"],
                environment: environment
            )
            #expect(tokens.code == 1 && tokens.errors.contains("cascade model fetch"), "\(tokens)")
        }
    }

    /// A home that cannot be written is told with path and cause, and without Foundation's names.
    @Test(arguments: ["/proc", "/dev/null", "/proc/1/nowhere"]) func aHomeThatCannotBeWritten(_ home: String)
        async throws
    {
        let environment = [
            "HOME": home, "XDG_CONFIG_HOME": "", "XDG_CACHE_HOME": "", "XDG_STATE_HOME": "", "CASCADE_MODELS_DIR": "",
        ]
        let model = Fixtures.modelPath("tiny-llama.Q4_1")
        let commands = [
            ["keys", "new", "a", "--role", "client"], ["model", "fetch", "qwen2.5-coder-0.5b"],
            [
                "up", "-d", "--drafter", model, "--expert", model, "--endpoint",
                "tcp://127.0.0.1:\(try TCPSocket.freePort())",
            ],
        ]
        for command in commands {
            let result = try await CascadeProcess.run(command, environment: environment)
            #expect(
                result.code == 1 && result.errors.contains("cannot make the folder \(home)/"),
                "\(command): \(result)"
            )
            #expect(!result.errors.contains("Cocoa") && !result.errors.contains("Error Domain"), "\(result.errors)")
        }
        // What needs no file of one's own works all the same.
        let tokens = try await CascadeProcess.run(
            ["model", "tokenize", "--model", model, "x"],
            environment: environment
        )
        #expect(tokens.code == 0, "\(tokens)")
    }

    /// Files that are named and cannot be read or written.
    @Test func filesAreNamedWithTheirCause() async throws {
        let model = Fixtures.modelPath("tiny-llama.Q4_1")
        let cases: [([String], String)] = [
            (["model", "tokenize", "--model", model, "--cases", "/nowhere/c"], "cannot read /nowhere/c: No such file"),
            (["model", "tokenize", "--model", model, "--cases", "/"], "cannot read /: Is a directory"),
            (
                ["model", "tokenize", "--model", model, "--cases", "/proc/self/cmdline"],
                "/proc/self/cmdline is not a file of cases"
            ),
            (["bench", "serve", "--prompts", "/nowhere/p"], "/nowhere/p: cannot be read: No such file"),
            (["coordinator", "--store", "/proc/nowhere/j"], "cannot make the folder /proc/nowhere"),
            (["coordinator", "--store", model], "the store \(model)"),
        ]
        for (command, words) in cases {
            let port = command[0] == "coordinator" ? ["--listen", "tcp://127.0.0.1:\(try TCPSocket.freePort())"] : []
            let result = try await CascadeProcess.run(command + port)
            #expect(result.code == 1 && result.errors.contains(words), "\(command): \(result)")
            #expect(!result.errors.contains("Cocoa") && !result.errors.contains("DecodingError"), "\(result.errors)")
        }
    }
}
