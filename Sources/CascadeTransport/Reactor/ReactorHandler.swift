package import CascadeCore

/// The code that a reactor drives. It is made, called and released on the reactor's thread, so it needs no locks and
/// must never block: while it works, nothing is sent or received.
package protocol ReactorHandler: AnyObject {
    /// The socket is open. Called once, before anything else.
    func started(_ context: ReactorContext, now: Instant)

    /// A whole message arrived: 1 to `TransportOptions.maxFrames` frames, each possibly empty, of anything a peer
    /// likes.
    /// - Parameter user: on a router with keys the key that the peer has proved to own; else nil.
    func received(_ frames: [[UInt8]], from peer: PeerID, user: PublicKey?, _ context: ReactorContext, now: Instant)

    /// A connection came, went or failed.
    func connectionChanged(_ event: ConnectionEvent, _ context: ReactorContext, now: Instant)

    /// `ReactorHandle.wake` was called at least once since the last call of this.
    func woken(_ context: ReactorContext, now: Instant)

    /// The instant that `nextDeadline` named has come. Called once a turn: handle everything that is due.
    func deadlinePassed(_ context: ReactorContext, now: Instant)

    /// When `deadlinePassed` is wanted next; nil when nothing is timed. Asked twice a turn, so it should be cheap.
    func nextDeadline() -> Instant?

    /// The reactor stops, for whatever cause: the last chance to send. What is queued is sent within the linger time;
    /// small messages arrive as a rule, but see `Reactor` for what is not promised.
    func stopping(_ context: ReactorContext, now: Instant)
}
