internal import CascadeCore

/// Lets requests that come together be served together.
///
/// The answers of a pass are answered in turn, at the same time but one by one: the requests that follow arrive over a
/// few hundred microseconds. A pass that began with the first of them would leave the others to the next pass, and two
/// passes cost nearly twice as much as one. So the loop waits a moment for as many as it has just answered, if that has
/// been worth the time of late; where the answers are drafted on elsewhere first, it is not.
struct Gathering {
    /// Longest wait for the first request, and between two of them.
    private static let firstMilliseconds = 1.5
    private static let nextMilliseconds = 0.4
    /// How much each wait counts for whether waiting is worth its time, and from where on it is.
    private static let weight = 0.25
    private static let threshold = 0.2
    /// Passes after which it is tried again although it is not.
    private static let retryPasses = 32

    /// Requests that would come back at once if nobody else worked on them.
    private var expected = 0
    private var worth = 1.0
    private var passesWithout = 0

    /// Notes how many requests a pass answered.
    mutating func noteAnswers(_ count: Int) { expected = count }

    /// Takes what comes within a moment, and hands it to `add`; `returned` requests have followed the answers already.
    mutating func gather(returned: Int, from mailbox: Mailbox, add: (Mailbox.Work) -> Void) {
        var missing = expected - returned
        guard missing > 0 else { return }
        guard worth >= Self.threshold || passesWithout >= Self.retryPasses else {
            passesWithout += 1
            return
        }
        passesWithout = 0
        var came = returned
        while missing > 0 {
            let patience = came == 0 ? Self.firstMilliseconds : Self.nextMilliseconds
            let work = mailbox.takeWork(withinMilliseconds: patience)
            if work.isEmpty { break }
            work.forEach(add)
            came += work.count
            missing -= work.count
        }
        worth += ((came > returned ? 1 : 0) - worth) * Self.weight
    }
}
