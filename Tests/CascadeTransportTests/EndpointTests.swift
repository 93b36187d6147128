import CascadeCore
import Foundation
import Testing

@testable import CascadeTransport

struct EndpointTests {
    @Test(arguments: [
        ("tcp://127.0.0.1:5555", "tcp://127.0.0.1:5555", true),
        ("tcp://127.9.8.7:1", "tcp://127.9.8.7:1", true),
        ("tcp://localhost:5555", "tcp://127.0.0.1:5555", true),
        ("tcp://[::1]:5555", "tcp://[::1]:5555", true),
        ("tcp://[0:0:0:0:0:0:0:1]:5555", "tcp://[0:0:0:0:0:0:0:1]:5555", true),
        ("tcp://[::ffff:127.0.0.1]:5555", "tcp://[::ffff:127.0.0.1]:5555", true),
        ("tcp://[::ffff:10.0.0.1]:5555", "tcp://[::ffff:10.0.0.1]:5555", false),
        ("tcp://[fe80::1%eth0]:5555", "tcp://[fe80::1%eth0]:5555", false),
        ("tcp://10.0.0.1:65535", "tcp://10.0.0.1:65535", false),
        ("tcp://coordinator:5555", "tcp://coordinator:5555", false),
        ("tcp://127.0.0.1.example.org:5555", "tcp://127.0.0.1.example.org:5555", false),
        ("ipc:///tmp/x.sock", "ipc:///tmp/x.sock", true),
        ("ipc://@abstract", "ipc://@abstract", true),
        ("inproc://name", "inproc://name", true),
    ])
    func rightOnesForBoth(_ text: String, _ description: String, _ isLoopback: Bool) throws {
        for use in [Endpoint.Use.bind, .connect] {
            let endpoint = try Endpoint(parsing: text, for: use)
            #expect(endpoint.description == description)
            #expect(endpoint.isLoopback == isLoopback)
        }
    }

    @Test(arguments: [
        ("tcp://*:5555", false), ("tcp://*:*", false), ("tcp://*:0", false), ("tcp://0.0.0.0:5555", false),
        ("tcp://[::]:5555", false), ("tcp://127.0.0.1:0", true), ("ipc://*", true),
    ])
    func wildcardsOnlyToListen(_ text: String, _ isLoopback: Bool) throws {
        #expect(try Endpoint(parsing: text, for: .bind).isLoopback == isLoopback)
        #expect(throws: TransportError.self) { try Endpoint(parsing: text, for: .connect) }
    }

    @Test(arguments: [
        "", "5555", "localhost:5555", "http://127.0.0.1:5555", "TCP://127.0.0.1:5555", "tcp://", "tcp://127.0.0.1",
        "tcp://:5555", "tcp://127.0.0.1:", "tcp://127.0.0.1:65536", "tcp://127.0.0.1:-1", "tcp://127.0.0.1:+1",
        "tcp://127.0.0.1:5555/", "tcp://127.0.0.1:http", "tcp://::1:5555", "tcp://[::1]", "tcp://[127.0.0.1]:5555",
        "tcp://[::1:5555", "tcp://a b:5555", "tcp://10.0.0.1;10.0.0.2:5555", "tcp://ho\0st:5555", "ipc://", "inproc://",
        " tcp://127.0.0.1:5555", "tcp://127.0.0.1:5555\n", "ipc:///tmp/" + String(repeating: "x", count: 200),
    ])
    func wrongOnes(_ text: String) {
        for use in [Endpoint.Use.bind, .connect] {
            #expect {
                try Endpoint(parsing: text, for: use)
            } throws: { error in
                guard case TransportError.badEndpoint(text, let reason)? = error as? TransportError else {
                    return false
                }
                return !reason.isEmpty && "\(error)".contains("\"\(text)\"")
            }
        }
    }

    @Test func errorsShowAnExample() {
        #expect {
            try Endpoint(parsing: "127.0.0.1:5570", for: .connect)
        } throws: {
            "\($0)".contains("tcp://127.0.0.1:5570")
        }
    }

    @Test func optionsAreChecked() throws {
        try TransportOptions().validate()
        let broken: [(String, (inout TransportOptions) -> Void)] = [
            ("maxFrames", { $0.maxFrames = 0 }),
            ("maxFrameBytes", { $0.maxFrameBytes = -1 }),
            ("maxMessageBytes", { $0.maxMessageBytes = $0.maxFrameBytes - 1 }),
            ("maxUnfinishedBytes", { $0.maxUnfinishedBytes = $0.maxMessageBytes - 1 }),
            ("maxConnections", { $0.maxConnections = 0 }), ("sendQueueBytes", { $0.sendQueueBytes = 0 }),
            ("sendQueueMessages", { $0.sendQueueMessages = 0 }),
            ("receiveQueueMessages", { $0.receiveQueueMessages = Int(Int32.max) + 1 }),
            ("lingerMilliseconds", { $0.lingerMilliseconds = -1 }),
            ("reconnectMaxMilliseconds", { $0.reconnectMaxMilliseconds = 50 }),
            ("heartbeatTimeoutMilliseconds", { $0.heartbeatTimeoutMilliseconds = 1000 }),
        ]
        for (name, breaking) in broken {
            var options = TransportOptions()
            breaking(&options)
            #expect {
                try options.validate()
            } throws: { error in
                guard case TransportError.badOption(name, _)? = error as? TransportError else { return false }
                return true
            }
        }
    }

    @Test(arguments: [
        ["tcp://127.0.0.1:5610", "tcp://localhost:5610", "tcp://LOCALHOST:5610", "tcp://127.1:5610", "tcp://*:5610"]
            + [
                "tcp://0.0.0.0:5610", "tcp://[::1]:5610", "tcp://[0:0::1]:5610", "tcp://[::]:5610",
                "tcp://127.0.0.1:05610",
            ]
            + ["tcp://[::ffff:127.0.0.1]:5610"],
        ["tcp://10.0.0.1:5610"], ["tcp://127.0.0.2:5610"], ["tcp://127.0.0.1:5611"],
        ["tcp://[fe80::1]:5610", "tcp://[FE80:0::1]:5610"], ["tcp://host:5610", "tcp://HOST:5610"],
    ])
    func spellingsOfOnePlace(_ spellings: [String]) throws {
        let places = try Set(spellings.map { try Endpoint(parsing: $0, for: .bind).place })
        #expect(places.count == 1)
        let all = try ["tcp://127.0.0.1:5610", "tcp://10.0.0.1:5610", "tcp://127.0.0.2:5610", "tcp://127.0.0.1:5611"]
            .map { try Endpoint(parsing: $0, for: .bind).place }
        #expect(Set(all).count == all.count)
    }

    @Test func pathsToOneSocketAreOnePlace() throws {
        let folder = FileManager.default.temporaryDirectory.appending(path: "p-\(UUID().uuidString.prefix(8))")
        defer { try? FileManager.default.removeItem(at: folder) }
        let real = folder.appending(path: "real")
        let link = folder.appending(path: "link").path
        try FileManager.default.createDirectory(at: real, withIntermediateDirectories: true)
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: real.path)
        func place(_ path: String) throws -> String { try Endpoint(parsing: "ipc://\(path)", for: .bind).place }
        // Neither the socket nor its folder need be there.
        for name in ["socket", "new/socket"] {
            let paths = ["\(real.path)/\(name)", "\(link)/\(name)", "\(folder.path)//real/../link/\(name)"]
            #expect(try Set(paths.map(place)).count == 1)
        }
        let before = try place("\(link)/new/socket")
        try FileManager.default.createDirectory(at: real.appending(path: "new"), withIntermediateDirectories: true)
        try Data().write(to: real.appending(path: "new/socket"))
        #expect(try place("\(link)/new/socket") == before)
        #expect(try place("\(link)/new/other") != before)
        // A folder may have a blank in its name; a host may not.
        #expect(try Endpoint(parsing: "ipc:///home/a b/socket", for: .connect).description == "ipc:///home/a b/socket")
    }

    /// One that stands still is found too, and nobody waits for it.
    @Test(.timeLimit(.minutes(1))) func aListenerThatTakesNobody() throws {
        // Short: a socket's path has 107 bytes at most.
        let folder = "/tmp/cascade-full-\(UInt32.random(in: 0...UInt32.max))"
        try #require(mkdir(folder, 0o700) == 0)
        defer { try? FileManager.default.removeItem(atPath: folder) }
        var address = sockaddr_un()
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: "\(folder)/socket".utf8) }
        func withAddress(_ body: (UnsafePointer<sockaddr>, socklen_t) -> Int32) -> Bool {
            withUnsafePointer(to: &address) { pointer in
                pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                    body($0, socklen_t(MemoryLayout<sockaddr_un>.size)) == 0
                }
            }
        }
        let type = Int32(SOCK_STREAM.rawValue) | Int32(SOCK_NONBLOCK.rawValue)
        var sockets = [socket(AF_UNIX, type, 0)]
        defer { for socket in sockets { close(socket) } }
        try #require(withAddress { bind(sockets[0], $0, $1) } && listen(sockets[0], 0) == 0)
        var isFull = false
        while !isFull, sockets.count < 64 {
            let visitor = socket(AF_UNIX, type, 0)
            sockets.append(visitor)
            isFull = !withAddress { connect(visitor, $0, $1) }
        }
        try #require(isFull)
        let endpoint = try Endpoint(parsing: "ipc://\(folder)/socket", for: .bind)
        #expect(endpoint.probe(milliseconds: 100) == .taken)
        #expect(throws: TransportError.addressInUse(endpoint: endpoint.description)) {
            try endpoint.checkBeforeBinding()
        }
        close(sockets.removeFirst())
        #expect(endpoint.probe(milliseconds: 100) == .free)
    }
}
