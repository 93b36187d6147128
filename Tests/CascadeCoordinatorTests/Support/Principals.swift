import CascadeCore

extension Principal {
    /// The owner of a scene's jobs.
    static let member = Principal(owner: JobOwner(name: "team", key: "member's key"), isAdmin: false)
    /// Another key of the same owner.
    static let colleague = Principal(owner: JobOwner(name: "team", key: "colleague's key"), isAdmin: false)
    /// Another owner.
    static let stranger = Principal(owner: JobOwner(name: "others", key: "stranger's key"), isAdmin: false)
    /// Somebody who asks for owners that it names.
    static let gateway = Principal(
        owner: JobOwner(name: "front", key: "gateway's key"),
        isAdmin: false,
        namesOwners: true
    )
    /// An owner who sees everything.
    static let administrator = Principal(owner: JobOwner(name: "operators", key: "operator's key"), isAdmin: true)
}
