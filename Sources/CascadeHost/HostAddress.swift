internal import Foundation

/// By what address others reach this machine.
package enum HostAddress {
    /// An address, or the machine's name where it has none but loopback's.
    package static var usual: String { address() ?? ProcessInfo.processInfo.hostName }

    /// The IPv4 address of the interface with the default route, else the first that is not loopback.
    private static func address() -> String? {
        let all = addresses()
        let preferred = defaultInterface().flatMap { name in all.first { $0.interface == name } }
        return (preferred ?? all.first)?.address
    }

    private static func defaultInterface() -> String? {
        let table = (try? String(contentsOfFile: "/proc/net/route", encoding: .utf8)) ?? ""
        for line in table.split(separator: "\n").dropFirst() {
            let fields = line.split(separator: "\t")
            // Interface, destination, gateway, …, mask in the eighth.
            if fields.count > 7, fields[1] == "00000000", fields[7] == "00000000" { return String(fields[0]) }
        }
        return nil
    }

    private static func addresses() -> [(interface: String, address: String)] {
        var first: UnsafeMutablePointer<ifaddrs>?
        guard getifaddrs(&first) == 0 else { return [] }
        defer { freeifaddrs(first) }
        var found: [(interface: String, address: String)] = []
        var next = first
        while let entry = next?.pointee {
            next = entry.ifa_next
            let isUp = entry.ifa_flags & UInt32(IFF_UP) != 0
            let isLoopback = entry.ifa_flags & UInt32(IFF_LOOPBACK) != 0
            guard isUp, !isLoopback, let address = entry.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET)
            else {
                continue
            }
            var text = [CChar](repeating: 0, count: Int(NI_MAXHOST))
            let size = socklen_t(MemoryLayout<sockaddr_in>.size)
            guard getnameinfo(address, size, &text, socklen_t(text.count), nil, 0, NI_NUMERICHOST) == 0 else {
                continue
            }
            let bytes = text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }
            found.append((String(cString: entry.ifa_name), String(decoding: bytes, as: UTF8.self)))
        }
        return found
    }
}
