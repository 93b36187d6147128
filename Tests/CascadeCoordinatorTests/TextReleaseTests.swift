import CascadeCore
import Testing

struct TextReleaseTests {
    /// Feeds `bytes` in pieces of random sizes; checks after each piece that nothing was shown too early.
    private func release(
        _ bytes: [UInt8],
        stop: [[UInt8]],
        seed: UInt64,
        check: Bool = true
    ) -> (text: [UInt8], stopped: Bool) {
        var release = TextRelease(stop: stop)
        var text: [UInt8] = []
        var random = SplitMix64(seed: seed)
        var position = 0
        while position < bytes.count {
            let size = min(bytes.count - position, Int.random(in: 1...16, using: &random))
            text += release.append(bytes[position..<(position + size)])
            position += size
            if check, !release.isStopped {
                #expect(text.count + release.heldCount == position)
                // What looks like half a character is none where other bytes are held behind it.
                #expect(incompleteSuffixCount(of: text[...]) == 0 || release.heldCount > 0)
            }
            if release.isStopped { break }
        }
        let stopped = release.isStopped
        text += release.finish()
        return (text, stopped)
    }

    /// The answer by definition: up to the start of the stop string that is complete first, the longest of equals, and
    /// without half a character at its end.
    private func expected(_ bytes: [UInt8], stop: [[UInt8]]) -> (text: [UInt8], stopped: Bool) {
        func whole(_ text: ArraySlice<UInt8>) -> [UInt8] { Array(text.dropLast(incompleteSuffixCount(of: text))) }
        for end in 0...bytes.count {
            let longest = stop.filter { !$0.isEmpty && bytes[..<end].suffix($0.count).elementsEqual($0) }.map(\.count)
                .max()
            if let longest { return (whole(bytes[..<(end - longest)]), true) }
        }
        return (whole(bytes[...]), false)
    }

    @Test(arguments: 0..<400 as Range<UInt64>)
    func splittingNeverMatters(seed: UInt64) {
        var random = SplitMix64(seed: seed)
        func next(_ bound: Int) -> Int { Int.random(in: 0..<bound, using: &random) }
        // Few letters, so that beginnings of stop strings abound, and characters of two to four bytes.
        let alphabet: [[UInt8]] = [
            [97], [98], [97, 98], Array("é".utf8), Array("€".utf8), Array("🙂".utf8), [0xFF], [0xE2, 0x82],
            [0x82],
        ]
        let bytes = (0..<next(60)).flatMap { _ in alphabet[next(alphabet.count)] }
        let stop = (0..<next(4)).map { _ in (0...next(4)).flatMap { _ in alphabet[next(alphabet.count)] } }
        let expected = expected(bytes, stop: stop)
        for split in 0..<8 as Range<UInt64> {
            let result = release(bytes, stop: stop, seed: seed &* 31 &+ split)
            #expect(result.text == expected.text)
            #expect(result.stopped == expected.stopped)
        }
    }

    @Test func holdsBackABeginningOfAStopString() {
        var release = TextRelease(stop: [Array("###".utf8)])
        #expect(release.append(Array("ab#".utf8)[...]) == Array("ab".utf8))
        #expect(release.append(Array("#".utf8)[...]) == [])
        #expect(release.append(Array("c".utf8)[...]) == Array("##c".utf8))
        #expect(release.append(Array("d###e".utf8)[...]) == Array("d".utf8))
        #expect(release.isStopped)
        #expect(release.append(Array("more".utf8)[...]) == [])
        #expect(release.finish() == [])
    }

    @Test func holdsBackHalfACharacter() {
        var release = TextRelease(stop: [])
        #expect(release.append([0x61, 0xF0, 0x9F]) == [0x61])
        #expect(release.append([0x99]) == [])
        #expect(release.append([0x82]) == Array("🙂".utf8))
        #expect(release.append([0xE2, 0x82]) == [])
        #expect(release.finish() == [])
    }

    /// Half a character is left out where an answer ends, by its end or by a stop string, however its bytes come.
    @Test(arguments: ["é", "€", "🙂"])
    func halfACharacterAtTheEndIsLeftOut(character: String) {
        let bytes = Array(character.utf8)
        for count in 1..<bytes.count {
            let half = Array("ab".utf8) + bytes[..<count]
            for (text, stop) in [(half, []), (half + Array("END".utf8), [Array("END".utf8)])] {
                for split in 0..<8 as Range<UInt64> {
                    #expect(release(text, stop: stop, seed: split).text == Array("ab".utf8))
                }
            }
            // In mid-text such bytes can become no character any more, and pass through.
            #expect(release(half + [0x63], stop: [Array("END".utf8)], seed: 1).text == half + [0x63])
            #expect(
                release(half + Array("ENx".utf8), stop: [Array("END".utf8)], seed: 2).text == half + Array("ENx".utf8)
            )
        }
    }

    @Test(
        arguments: [
            ([0x80], 0), ([0xC3], 1), ([0xC1], 0), ([0xE0], 1), ([0xE0, 0x80], 0), ([0xE0, 0xA0], 2),
            ([0xED, 0xA0], 0),
            ([0xED, 0x9F], 2), ([0xF0, 0x8F], 0), ([0xF0, 0x90], 2), ([0xF0, 0x90, 0x80], 3), ([0xF4, 0x90], 0),
            ([0xF5], 0),
            ([0xF0, 0x90, 0x80, 0x80], 0), ([0xC3, 0xA9], 0), ([0xE2, 0x41], 0), ([0xF1, 0x80, 0x41], 0), ([], 0),
            ([0x80, 0x80, 0x80, 0x80], 0), ([0xFF], 0), ([0x41], 0),
        ] as [([UInt8], Int)]
    )
    func knowsIncompleteCharacters(bytes: [UInt8], count: Int) {
        #expect(incompleteSuffixCount(of: bytes[...]) == count)
        #expect(incompleteSuffixCount(of: ([0x41] + bytes)[...]) == count)
    }
}
