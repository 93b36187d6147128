/// What the simulator does to a cluster.
package enum Fault: Int, CaseIterable, Sendable {
    /// Frames vanish.
    case frameDropped
    /// Frames arrive twice.
    case frameDuplicated
    /// Frames arrive much later than their successors.
    case frameDelayed
    /// Half a message arrives.
    case frameGarbled
    /// Nothing passes between a peer and the coordinator, both ways.
    case partition
    /// Nothing passes from a peer to the coordinator.
    case partitionToCoordinator
    /// Nothing passes from the coordinator to a peer.
    case partitionFromCoordinator
    /// A connection breaks; the peer has another address from then on.
    case reconnection
    /// A node dies and is started again.
    case nodeCrash
    /// A node stands still with all its threads, and comes back.
    case nodePause
    /// A node answers pings and computes nothing.
    case nodeStuck
    /// A node computes twenty times slower than it said, for a while.
    case nodeSlow
    /// A node says goodbye and is started again.
    case nodeGoodbye
    /// An operator drains a node.
    case nodeDrain
    /// A node forgets its sequences: caches, specs and what it works on.
    case cacheLost
    /// A node answers with nonsense.
    case hostileReply
    /// A node says that it failed.
    case failedReply
    /// A node answers nothing but nonsense, beside one that is well.
    case nodeAlwaysHostile
    /// A node dies whenever it is asked, beside one that is well.
    case nodeAlwaysDies
    /// A job kills the coordinator whenever it works on it.
    case jobKillsCoordinator
    /// A job kills the experts that work on it.
    case jobKillsExpert
    /// A node says that its passes take no time, beside one that is well.
    case nodeLies
    /// A node with other tokens asks to join.
    case strangerVocabulary
    /// An expert with another model asks to join.
    case strangerModel
    /// A second process takes a node's name.
    case nameTaken
    /// The coordinator dies and is started again, with its journal if it keeps one, else with nothing.
    case coordinatorCrash
    /// The coordinator dies with records that are not on its disk.
    case recordsLost
    /// The coordinator's disk takes two seconds.
    case diskSlow
    /// Records of a job cannot be read when the coordinator comes back.
    case recordDamaged
    /// The coordinator is shut down and started again.
    case coordinatorShutdown
    /// The coordinator stands still.
    case coordinatorPause
    /// A client is gone for a while and comes back.
    case clientVanish
    /// A client does not read.
    case clientFull
    /// A client cancels.
    case clientCancel
    /// Half of the clients cancel at once.
    case cancelStorm
    /// Ten times more jobs come than may run.
    case overload
    /// A client submits nonsense.
    case badSubmission
    /// A client uses a key again for another job.
    case keyReuse
    /// An owner submits many jobs at once.
    case flood
    /// An owner ends all of its jobs.
    case cancelAll
    /// An owner with many jobs connects anew.
    case crowdReconnects
    /// An operator changes what an owner may take.
    case limitsChanged
    /// An operator revokes a key, with its jobs or without.
    case keyRevoked
}
