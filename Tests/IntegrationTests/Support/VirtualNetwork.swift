import Foundation
import Testing

@testable import cascade

/// Machines for processes of a test: each is a network namespace with a home folder and a boot id, by which nodes tell
/// machines apart. They share this machine's cores, unless each is given some.
///
/// The first machine is 10.0.0.1 and stands behind a router; the others, 10.0.0.11 and on, are on one network with that
/// router, which answers at 10.0.0.1 in its place and hands on what comes: see ``FaultProxy``. Nothing outside of the
/// namespaces is touched, and no address outside of them is reached.
final class VirtualNetwork: Sendable {
    /// Where the first machine is to all others.
    static let entrance = "10.0.0.1"
    /// Where it is to the router.
    static let behind = "10.0.1.1"

    /// The router's namespace.
    let router: String
    private let prefix: String
    private let machines: [String]
    private let cores: [String: Int]
    private let folder: URL

    /// Whether tests can have one here.
    static let isAvailable: Bool = {
        let network = try? VirtualNetwork(["A"])
        network?.remove()
        return network != nil
    }()

    /// Runs `body` with machines of these names, which are gone afterwards, and so is what still runs on them. A
    /// machine with an entry in `cores` has that core alone.
    static func with(
        _ machines: [String],
        cores: [String: Int] = [:],
        _ body: (VirtualNetwork) async throws -> Void
    ) async throws {
        let network = try VirtualNetwork(machines, cores: cores)
        defer { network.remove() }
        try await body(network)
    }

    private init(_ machines: [String], cores: [String: Int] = [:]) throws {
        Self.removeLeftovers()
        prefix = "cascade-test-\(getpid())-\(UInt32.random(in: 0...UInt32.max))-"
        router = prefix + "router"
        self.machines = machines
        self.cores = cores
        folder = FileManager.default.temporaryDirectory.appending(path: prefix + "homes")
        do {
            try makeNetwork()
            for machine in machines {
                try FileManager.default.createDirectory(at: home(machine), withIntermediateDirectories: true)
                try "\(UUID())\n".write(to: home(machine).appending(path: "boot_id"), atomically: true, encoding: .utf8)
                // Not every sandbox lets a process see another boot than the kernel's.
                try Self.shell((launcher(machine) + ["true"]).map { "'\($0)'" }.joined(separator: " "))
            }
        } catch {
            remove()
            throw error
        }
    }

    private func makeNetwork() throws {
        var lines = ["set -e", "ip netns add \(router)", "ip -n \(router) link set lo up"]
        lines += ["ip -n \(router) link add lan type bridge", "ip -n \(router) addr add \(Self.entrance)/24 dev lan"]
        lines += ["ip -n \(router) link set lan up"]
        for (index, machine) in machines.enumerated() {
            let (name, link) = (namespace(machine), link(machine))
            lines += ["ip netns add \(name)", "ip -n \(name) link set lo up"]
            lines += ["ip -n \(router) link add \(link) type veth peer name eth0 netns \(name)"]
            if index == 0 {
                lines += ["ip -n \(name) addr add \(Self.entrance)/24 dev eth0"]
                lines += ["ip -n \(name) addr add \(Self.behind)/30 dev eth0"]
                lines += ["ip -n \(router) addr add 10.0.1.2/30 dev \(link)"]
            } else {
                lines += ["ip -n \(name) addr add \(address(index)) dev eth0"]
                lines += ["ip -n \(router) link set \(link) master lan"]
            }
            lines += ["ip -n \(name) link set eth0 up", "ip -n \(router) link set \(link) up"]
        }
        try Self.shell(lines.joined(separator: "\n"))
    }

    private func address(_ index: Int) -> String { "10.0.0.\(10 + index)/24" }
    private func namespace(_ machine: String) -> String { prefix + machine }
    private func link(_ machine: String) -> String { "to-\(machine)" }

    /// The machine that an address is of; nil for none of them.
    func machine(at address: String) -> String? {
        machines.enumerated().first { self.address($0.offset) == "\(address)/24" }?.element
    }

    /// The machine's home folder.
    func home(_ machine: String) -> URL { folder.appending(path: machine, directoryHint: .isDirectory) }

    /// Runs what follows on the machine, in its home folder.
    private func launcher(_ machine: String) -> [String] {
        let script = "mount --bind \"$0/boot_id\" /proc/sys/kernel/random/boot_id && cd \"$0\" && exec \"$@\""
        return ["/bin/sh", "-c", "PATH=$PATH:/usr/sbin:/sbin; exec ip netns exec \"$0\" /bin/sh -c \"$@\""]
            + [namespace(machine), script, home(machine).path]
            + (cores[machine].map { ["taskset", "-c", "\($0)"] } ?? [])
    }

    /// Starts a `cascade` command on the machine.
    func start(
        _ arguments: [String],
        on machine: String,
        environment: [String: String] = [:]
    ) throws -> CascadeProcess {
        let home = home(machine).path
        let own = [
            "HOME": home, "XDG_CONFIG_HOME": "\(home)/.config", "XDG_CACHE_HOME": "\(home)/.cache",
            "XDG_STATE_HOME": "\(home)/.state",
        ]
        return try CascadeProcess(
            arguments,
            environment: own.merging(environment) { $1 },
            launcher: launcher(machine)
        )
    }

    /// Runs a `cascade` command on the machine to its end.
    func run(
        _ arguments: [String],
        on machine: String,
        environment: [String: String] = [:]
    ) async throws -> CascadeProcess.Result {
        try await start(arguments, on: machine, environment: environment).result()
    }

    /// What `scp 10.0.0.1:PATH .` does: takes a file from the first machine's home.
    func copy(_ path: String, to machine: String) throws {
        let source = home(machines[0]).appending(path: path)
        let target = home(machine).appending(path: source.lastPathComponent)
        try FileManager.default.copyItem(at: source, to: target)
        try FileManager.default.setAttributes([.posixPermissions: 0o600], ofItemAtPath: target.path)
    }

    /// Plugs the machine's cable out, or in again: nobody gets a FIN or a reset.
    func setLink(of machine: String, up isUp: Bool) throws {
        try Self.shell("ip -n \(router) link set \(link(machine)) \(isUp ? "up" : "down")")
    }

    /// Ends what still runs on the machines, and removes them.
    private func remove() {
        Self.remove([router] + machines.map(namespace))
        try? FileManager.default.removeItem(at: folder)
    }

    /// Removes what tests left that were killed themselves.
    private static func removeLeftovers() {
        let names = (try? FileManager.default.contentsOfDirectory(atPath: "/run/netns")) ?? []
        remove(
            names.filter { name in
                let parts = name.split(separator: "-")
                guard name.hasPrefix("cascade-test-"), parts.count > 2, let pid = Int32(parts[2]) else { return false }
                return kill(pid, 0) != 0 && errno == ESRCH
            }
        )
    }

    private static func remove(_ namespaces: [String]) {
        for name in namespaces {
            for _ in 0..<100 {
                let list = (try? shell("ip netns pids \(name)")) ?? ""
                let pids = list.split(whereSeparator: \.isWhitespace).compactMap { Int32($0) }
                guard !pids.isEmpty else { break }
                for pid in pids { kill(pid, SIGKILL) }
                usleep(20_000)
            }
            _ = try? shell("ip netns del \(name)")
        }
    }

    /// Runs a script to its end and returns what it printed; throws where it fails.
    @discardableResult
    private static func shell(_ script: String) throws -> String {
        guard let stream = popen("exec 2>&1; PATH=$PATH:/usr/sbin:/sbin; \(script)", "r") else {
            throw POSIXError(.ENOENT)
        }
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4_096)
        while case let count = fread(&buffer, 1, buffer.count, stream), count > 0 { text += buffer[..<count] }
        let output = String(decoding: text, as: UTF8.self)
        guard pclose(stream) == 0 else { throw Failure(script: script, output: output) }
        return output
    }

    private struct Failure: Error, CustomStringConvertible {
        var script: String
        var output: String
        var description: String { "\(output) of \(script)" }
    }
}
