/// What keys may be called: the names become files.
package enum KeyName {
    /// Why a name cannot be a key's; nil when it can.
    package static func problem(_ name: String) -> String? {
        let isPlain = name.utf8.allSatisfy { byte in
            switch byte {
            case 0x30...0x39, 0x41...0x5A, 0x61...0x7A, 0x2D, 0x2E, 0x5F: true
            default: false
            }
        }
        guard isPlain, (1...64).contains(name.utf8.count), !name.hasPrefix("."), !name.hasPrefix("-") else {
            return """
                '\(name)' is not a name for a key: 1 to 64 letters, digits, '-', '_' and '.', the first a letter, \
                digit or '_'
                """
        }
        return name == "coordinator" ? "the name 'coordinator' is the coordinator's own" : nil
    }
}
