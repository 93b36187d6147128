package import CascadeCore

/// Lets requests that come together be served together.
///
/// The answers of a pass are answered in turn, at the same time but one by one: the requests that follow arrive over
/// some hundred microseconds, later by what the network takes. A pass that began with the first of them would leave the
/// others to the next pass, and reads the weights once more for them. So the loop waits for a sequence that it has
/// answered as long as those answered before took to come back, if that is less than a pass costs; and a moment for
/// those answered together with one that has just come, however long they were away. Pure: it is told what time it is.
package struct Gathering {
    /// An answered sequence that has not come back yet.
    private struct Answered {
        var at: Instant
        /// The pass that answered it.
        var pass: UInt64
    }

    /// How much each return counts for the mean, and each distance from it for the deviation (as in RFC 6298).
    private static let meanWeight = 0.125
    private static let deviationWeight = 0.25
    /// Deviations above the mean until which a return may still come.
    private static let deviations = 2.0
    /// Milliseconds between two of those that were answered together, in passes and at most.
    private static let nextPasses = 0.1
    private static let nextMilliseconds = 0.4
    /// Milliseconds after which an answered sequence is not expected any more.
    private static let forgottenMilliseconds = 2_000.0

    /// Milliseconds that a pass takes however few rows it has: what a pass less is worth.
    package let passMilliseconds: Double
    private var answered: [SequenceID: Answered] = [:]
    private var pass: UInt64 = 0
    /// Of the last returns, in milliseconds; without any yet, those who are answered first come at once.
    private var mean = 0.0
    private var deviation = 0.5
    /// When the last came back, by the pass that answered it.
    private var lastReturn: (pass: UInt64, at: Instant)?

    package init(passMilliseconds: Double) {
        self.passMilliseconds = passMilliseconds
    }

    /// Notes whom a pass answered.
    package mutating func noteAnswers(_ sequences: some Sequence<SequenceID>, at now: Instant) {
        pass += 1
        answered = answered.filter { now.milliseconds(since: $0.value.at) < Self.forgottenMilliseconds }
        for sequence in sequences { answered[sequence] = Answered(at: now, pass: pass) }
    }

    /// Notes that a sequence has come back, or that it will not any more.
    package mutating func noteReturn(of sequence: SequenceID, isReleased: Bool, at instant: Instant) {
        guard let answer = answered.removeValue(forKey: sequence), !isReleased else { return }
        let milliseconds = instant.milliseconds(since: answer.at)
        let distance = milliseconds - mean
        mean += distance * Self.meanWeight
        deviation += (abs(distance) - deviation) * Self.deviationWeight
        lastReturn = (answer.pass, instant)
    }

    /// Milliseconds from `now` within which another sequence should come that is worth waiting for; nil where there is
    /// none.
    package func patience(at now: Instant) -> Double? {
        var longest = 0.0
        let usual = mean + Self.deviations * deviation
        for answer in answered.values {
            if mean < passMilliseconds { longest = max(longest, usual - now.milliseconds(since: answer.at)) }
            if let lastReturn, lastReturn.pass == answer.pass {
                let next = min(Self.nextMilliseconds, Self.nextPasses * passMilliseconds)
                longest = max(longest, next - now.milliseconds(since: lastReturn.at))
            }
        }
        return longest > 0 ? min(longest, passMilliseconds) : nil
    }
}
