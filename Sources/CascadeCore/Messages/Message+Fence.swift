extension Message {
    /// The fence of a request to a node or of its answer; nil for other messages.
    package var fence: Fence? {
        switch self {
        case .draft(let draft): draft.fence
        case .verify(let verify): verify.fence
        case .drafted(let drafted): drafted.fence
        case .verified(let verified): verified.fence
        case .missing(let missing): missing.fence
        case .failed(let failed): failed.fence
        default: nil
        }
    }
}
