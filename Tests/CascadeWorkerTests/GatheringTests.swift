import CascadeCore
import Testing

@testable import CascadeWorker

struct GatheringTests {
    private static func at(_ milliseconds: Double) -> Instant { Instant(nanoseconds: UInt64(milliseconds * 1e6)) }
    private static func sequences(_ range: ClosedRange<UInt64>) -> [SequenceID] {
        range.map(sequence)
    }
    private static func sequence(_ number: UInt64) -> SequenceID { SequenceID(job: JobID(rawValue: number)) }

    /// A loop that has answered four sequences over and over, which came back after so many milliseconds each time.
    private static func gathering(passMilliseconds: Double, returns: Double, times: Int = 40) -> Gathering {
        var gathering = Gathering(passMilliseconds: passMilliseconds)
        for time in 0..<times {
            let start = Double(time) * 1_000
            gathering.noteAnswers(sequences(1...4), at: at(start))
            for sequence in sequences(1...4) {
                gathering.noteReturn(of: sequence, isReleased: false, at: at(start + returns))
            }
        }
        gathering.noteAnswers(sequences(1...4), at: at(Double(times) * 1_000))
        return gathering
    }

    @Test func nobodyIsWaitedForWhoWasNotAnswered() {
        #expect(Gathering(passMilliseconds: 40).patience(at: Self.at(0)) == nil)
    }

    @Test func waitsAsLongAsReturnsTakeOverANetwork() throws {
        let gathering = Self.gathering(passMilliseconds: 40, returns: 21)
        let patience = try #require(gathering.patience(at: Self.at(40_000)))
        #expect(patience > 20 && patience < 30)
        #expect(gathering.patience(at: Self.at(40_030)) == nil)
    }

    @Test func doesNotWaitLongerThanAPassTakes() {
        #expect(Self.gathering(passMilliseconds: 15, returns: 21).patience(at: Self.at(40_000)) == nil)
    }

    @Test func waitsForThoseAnsweredTogetherWithOneThatCameBack() throws {
        var gathering = Self.gathering(passMilliseconds: 15, returns: 100)
        let one = Self.sequence(1)
        gathering.noteReturn(of: one, isReleased: false, at: Self.at(40_090))
        let patience = try #require(gathering.patience(at: Self.at(40_090)))
        #expect(patience <= 0.4)
        #expect(gathering.patience(at: Self.at(40_090.5)) == nil)
        // Where passes cost next to nothing, the moment would cost more than it saves.
        var quick = Self.gathering(passMilliseconds: 0.05, returns: 100)
        quick.noteReturn(of: one, isReleased: false, at: Self.at(40_090))
        #expect(try #require(quick.patience(at: Self.at(40_090))) < 0.006)
    }

    @Test func allBackOrReleasedEndTheWait() {
        var gathering = Self.gathering(passMilliseconds: 40, returns: 0.5)
        for sequence in Self.sequences(1...3) {
            #expect(gathering.patience(at: Self.at(40_000)) != nil)
            gathering.noteReturn(of: sequence, isReleased: false, at: Self.at(40_000.3))
        }
        gathering.noteReturn(of: Self.sequence(4), isReleased: true, at: Self.at(40_000.3))
        #expect(gathering.patience(at: Self.at(40_000.3)) == nil)
    }

    @Test func whoNeverComesBackIsForgotten() {
        var gathering = Gathering(passMilliseconds: 40)
        gathering.noteAnswers(Self.sequences(1...1_000), at: Self.at(0))
        gathering.noteAnswers(Self.sequences(2_000...2_001), at: Self.at(5_000))
        gathering.noteReturn(of: Self.sequence(2_000), isReleased: false, at: Self.at(5_000.1))
        gathering.noteReturn(of: Self.sequence(2_001), isReleased: false, at: Self.at(5_000.1))
        #expect(gathering.patience(at: Self.at(5_000.1)) == nil)
    }

    @Test func learnsThatReturnsHaveBecomeSlowWithoutWaitingForThem() {
        var gathering = Self.gathering(passMilliseconds: 40, returns: 1)
        for time in 41...80 {
            for sequence in Self.sequences(1...4) {
                gathering.noteReturn(of: sequence, isReleased: false, at: Self.at(Double(time) * 1_000 - 800))
            }
            gathering.noteAnswers(Self.sequences(1...4), at: Self.at(Double(time) * 1_000))
        }
        #expect(gathering.patience(at: Self.at(80_000)) == nil)
    }
}
