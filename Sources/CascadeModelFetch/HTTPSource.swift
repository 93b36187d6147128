internal import Foundation

/// Fetches one URL with `curl`, going on where the partial file ends.
struct HTTPSource: Sendable {
    /// How long a connection may take to come about. Short, because another source may be waiting behind an unreachable
    /// one.
    static let connectSecondsMax = 5
    /// A transfer that brings nothing for this long is broken off.
    static let silenceSecondsMax = 30
    /// Connections made for one file. Each but the last brought some bytes and broke.
    static let connectionsMax = 20

    /// curl's exit codes that are the connection's fault: a later attempt may go on.
    private static let brokenTransfer: Set<Int32> = [18, 28, 52, 55, 56, 92]
    /// curl's exit codes for a host that cannot be found, connected to or spoken to.
    private static let noConnection: Set<Int32> = [5, 6, 7, 28, 35, 52, 55, 56, 60]
    /// curl's exit code for a server that does not send ranges.
    private static let noRanges: Int32 = 33

    let url: String
    let environment: [String: String]

    /// What the server says of the file without sending it.
    ///
    /// - Throws: `unreachable` if there is no connection. A server that refuses the question gives an empty answer: it
    ///   may still send the file.
    func probe() async throws -> HTTPProbe {
        let tool = try curl(["--head", "--max-time", "20"])
        let (exit, headers) = try await tool.text()
        if Self.noConnection.contains(exit.status) { throw failure(exit) }
        return exit.status == 0 ? HTTPProbe(headers: headers) : HTTPProbe()
    }

    /// Fetches what `partial` lacks.
    ///
    /// - Parameters:
    ///   - bytes: the whole file's length, if it is known. Nothing beyond it is written.
    ///   - report: called with the length of `partial` whenever it grew.
    /// - Throws: `unreachable` or `refused` (the partial file keeps what arrived), `wrongSize` (the partial file is
    ///   empty then: it is the beginning of some other file), `noSpace`, `missingTool`, `CancellationError`.
    func fetch(into partial: PartialFile, bytes: Int?, report: @escaping @Sendable (Int) -> Void) async throws {
        for _ in 1...Self.connectionsMax {
            let start = partial.length
            if let bytes, start == bytes { return }
            let exit: Tool.Exit
            do {
                exit = try await transfer(from: start, into: partial, bytes: bytes, report: report)
            } catch let error as ModelFetchError where error.code == .wrongSize {
                try partial.truncate(to: 0)
                throw error
            }
            switch exit.status {
            case 0:
                guard let bytes, partial.length != bytes else { return }
                let length = partial.length
                try partial.truncate(to: 0)
                throw wrongSize(expected: bytes, actual: "\(length)")
            case Self.noRanges where start > 0:
                try partial.truncate(to: 0)
            case let status where Self.brokenTransfer.contains(status) && partial.length > start:
                try await Task.sleep(for: .milliseconds(500))
            default:
                throw failure(exit)
            }
        }
        throw ModelFetchError(
            code: .unreachable,
            message: "\(url): the connection broke \(Self.connectionsMax) times; what arrived is kept"
        )
    }

    private func transfer(
        from start: Int,
        into partial: PartialFile,
        bytes: Int?,
        report: @escaping @Sendable (Int) -> Void
    ) async throws -> Tool.Exit {
        var arguments = ["--speed-limit", "1", "--speed-time", "\(Self.silenceSecondsMax)"]
        if start > 0 { arguments += ["--continue-at", "\(start)"] }
        return try await curl(arguments).run { block in
            if let bytes, partial.length + block.count > bytes {
                throw wrongSize(expected: bytes, actual: "more")
            }
            try partial.append(block)
            report(partial.length)
        }
    }

    private func curl(_ arguments: [String]) throws(ModelFetchError) -> Tool {
        let common = [
            "--silent", "--show-error", "--fail", "--location", "--globoff", "--proto", "=http,https",
            "--connect-timeout", "\(Self.connectSecondsMax)", "--output", "-",
        ]
        return try Tool(
            "curl",
            package: "curl",
            arguments: common + arguments + ["--url", url],
            environment: environment
        )
    }

    private func wrongSize(expected: Int, actual: String) -> ModelFetchError {
        ModelFetchError(code: .wrongSize, message: "\(url): \(expected) bytes expected, \(actual) received")
    }

    private func failure(_ exit: Tool.Exit) -> ModelFetchError {
        let reason = exit.errors.isEmpty ? "curl ended with status \(exit.status)" : ToolText.curlCause(exit.errors)
        let unreachable = Self.noConnection.contains(exit.status) || Self.brokenTransfer.contains(exit.status)
        return ModelFetchError(code: unreachable ? .unreachable : .refused, message: "\(url): \(reason)")
    }
}
