import CascadeCore
import CascadeHost
import CascadeNode
import Foundation
import Logging
import ServiceLifecycle
import Synchronization
import Testing

@testable import cascade

/// A supervisor whose roles are shell scripts, and a real coordinator for it to meet.
///
/// Scripts have their folder as `$0`, and say what they do in files there and on descriptor 3.
final class SupervisorStage: Sendable {
    let folder: URL
    /// The real coordinator's boot, which roles have to name.
    let boot: UInt64
    private let endpoint: String
    private let coordinator: CascadeProcess
    private let record: HeldRecord
    private let log = LogText()

    /// Runs `body` with a stage, and leaves nothing of it over.
    static func with(_ body: (SupervisorStage) async throws -> Void) async throws {
        let stage = try await SupervisorStage()
        defer { stage.clear() }
        try await body(stage)
    }

    private init() async throws {
        // Short: a socket's path has no more than 107 bytes.
        folder = FileManager.default.temporaryDirectory.appending(path: "stage-\(UUID().uuidString.prefix(8))")
        // Private, as sockets want it.
        try FileManager.default.createDirectory(
            at: folder,
            withIntermediateDirectories: true,
            attributes: [.posixPermissions: 0o700]
        )
        endpoint = "ipc://\(folder.path)/s"
        coordinator = try CascadeProcess(["coordinator", "--listen", endpoint, "--log-level", "error"])
        record = try HeldRecord(endpoint: endpoint, adminKey: nil, file: folder.appending(path: "record.json").path)
        let client = try ClusterClient(endpoint: endpoint)
        let request = StatusRequest(requestID: 1)
        let answer: Result<UInt64, NodeError>
        do throws(NodeError) {
            answer = .success(
                try await client.request(.statusRequest(request), seconds: 30) { message in
                    if case .clusterStatus(let status) = message { status.boot } else { nil }
                }
            )
        } catch {
            answer = .failure(error)
        }
        await client.close()
        boot = try answer.get()
    }

    private func clear() {
        for child in recorded?.children.values.map(\.self) ?? [] { child.signal(SIGKILL) }
        record.remove()
        coordinator.signal(SIGKILL)
        try? FileManager.default.removeItem(at: folder)
    }

    /// A role that notes its start in a file of its name, and goes on with a script.
    func role(_ name: String, _ script: String) -> ClusterSupervisor.Role {
        let lines = "echo started >>\"$0/\(name).starts\"\n\(script)"
        return ClusterSupervisor.Role(name: name, arguments: ["-c", lines, folder.path], executable: "/bin/sh")
    }

    /// The line of a script that says that a role does its work.
    var serves: String { says(.serving(boot: boot)) }

    /// The line of a script that tells something.
    func says(_ word: Lifeline.Word) -> String {
        let json = (try? JSONEncoder().encode(word)).map { String(decoding: $0, as: UTF8.self) } ?? ""
        return "echo '\(json)' >&3"
    }

    /// The line of a script that waits for a file.
    static func awaits(_ name: String) -> String { "while [ ! -e \"$0/\(name)\" ]; do sleep 0.02; done" }

    /// The line of a script that does nothing until it is ended.
    static let stays = "exec sleep 600"

    /// Makes a file that a script waits for.
    func give(_ name: String) throws { try Data().write(to: folder.appending(path: name)) }

    /// The lines of a file that scripts write; none where it is not there.
    func lines(_ name: String) -> [Substring] {
        (try? String(contentsOf: folder.appending(path: name), encoding: .utf8))?.split(separator: "\n") ?? []
    }

    /// What the supervisor tells other commands.
    var recorded: ClusterRecord? {
        guard case .record(let record, _) = ClusterRecord.find(file: folder.appending(path: "record.json").path) else {
            return nil
        }
        return record
    }

    /// What the supervisor has logged.
    var logged: String { log.text }

    /// Starts a supervisor; `end` of what comes back asks it to end and waits for that.
    func start(_ roles: [ClusterSupervisor.Role], graceSeconds: Int = 8) -> Running {
        let logger = Logger(label: "up") { [log] in StreamLogHandler(label: $0, stream: log) }
        let supervisor = ClusterSupervisor(
            endpoint: endpoint,
            key: nil,
            roles: roles,
            record: record,
            logger: logger,
            graceSeconds: graceSeconds
        )
        let group = ServiceGroup(
            services: [supervisor],
            logger: Logger(label: "group") { _ in SwiftLogNoOpLogHandler() }
        )
        return Running(group: group, task: Task { try await group.run() })
    }

    /// A supervisor at work.
    struct Running {
        let group: ServiceGroup
        let task: Task<Void, any Error>

        /// Asks it to end, as a signal does, and waits for that.
        func end() async throws {
            await group.triggerGracefulShutdown()
            try await task.value
        }

        /// Waits until it ends by itself: its words for why.
        func failure() async -> String? {
            do {
                try await task.value
                return nil
            } catch let failure as CommandFailure {
                return failure.message
            } catch {
                return "\(error)"
            }
        }
    }
}

/// A log that is kept.
private final class LogText: TextOutputStream, Sendable {
    private let kept = Mutex("")

    var text: String { kept.withLock { $0 } }

    func write(_ string: String) { kept.withLock { $0 += string } }
}
