/// The bytes, put together where no set of a grammar tells them apart.
struct ByteClasses {
    private(set) var classOfByte = [UInt8](repeating: 0, count: 256)
    private(set) var count = 1
    private var membersOfSet: [ByteSet: [Int]] = [:]

    init(of bodies: [Expression]) {
        var sets = Set<ByteSet>()
        for body in bodies { body.forEachSet { sets.insert($0) } }
        for set in sets { split(by: set) }
        for set in sets {
            membersOfSet[set] = Set((0..<256).filter { set.contains(UInt8($0)) }.map { Int(classOfByte[$0]) }).sorted()
        }
    }

    private mutating func split(by set: ByteSet) {
        guard count < 256 else { return }
        var numbers: [Int: UInt8] = [:]
        for byte in 0..<256 {
            let key = Int(classOfByte[byte]) * 2 + (set.contains(UInt8(byte)) ? 1 : 0)
            let number = numbers[key] ?? UInt8(numbers.count)
            numbers[key] = number
            classOfByte[byte] = number
        }
        count = numbers.count
    }

    /// The classes that make up `set`, which is one of the grammar's.
    func members(of set: ByteSet) -> [Int] { membersOfSet[set] ?? [] }
}
