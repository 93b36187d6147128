import CascadeCoordinator
import CascadeCore

/// Owners that contend for the cluster: in some histories two of them send crowds of jobs, and an operator changes the
/// list of keys in the middle of everything.
extension Simulation {
    /// Draws of its own: all other histories stay what they were.
    static func isContested(seed: UInt64) -> Bool {
        var random = SplitMix64(seed: seed ^ 0x0B5E_55ED)
        return random.chance(0.08)
    }

    /// Gives owners their keys, and crowds their beginning.
    mutating func makeOwners() {
        if isContested {
            crowds = (0..<2).map { SimulatedCrowd(link: SimulatedLink(address: SimulatedAddress(.crowd, $0))) }
            queue.insert(.contention, at: later(1000))
        }
        keys = SimulatedKeys(clients.map(\.link.address) + crowds.map(\.link.address))
        guard isContested else { return }
        for owner in keys.owners { keys.set(anyLimits(of: owner), of: owner) }
    }

    private mutating func anyLimits(of owner: String) -> OwnerLimits {
        let isCrowd = crowds.contains { $0.link.address.owner.name == owner }
        var limits = OwnerLimits()
        limits.weight = random.pick(1...4)
        limits.maxJobs = random.chance(0.2) ? random.pick(1...10) : nil
        limits.maxNumSeqs = random.chance(0.2) ? random.pick(1...2) : nil
        // Clients that are refused wait as long as they are told.
        limits.maxTokensPerMinute = random.chance(0.2) ? random.pick(isCrowd ? 20...200 : 600...1200) : nil
        limits.maxQueuedBytes = random.chance(0.2) ? random.pick(2_000...6_000) : nil
        return limits
    }

    /// Something happens among owners, until everything is healed.
    mutating func contend() {
        guard !isHealed else { return }
        queue.insert(.contention, at: later(500))
        switch random.pick(0...11) {
        case 0...1: flood(0, random.pick(5...40))
        // Comes and goes: it often has nothing that waits.
        case 2...6: flood(1, random.pick(1...3))
        case 7: cancelAll()
        case 8: reconnect()
        case 9: changeLimits()
        default: changeKey()
        }
    }

    private mutating func flood(_ index: Int, _ count: Int) {
        report.coverage.count(.flood)
        for _ in 0..<count {
            crowds[index].sent += 1
            let submit = Submit(
                requestID: crowds[index].sent,
                submitKey: Hash128(high: ~seed, low: crowds[index].sent << 1 | UInt64(index)),
                pool: "default",
                prompt: (0..<random.pick(1...25)).map { _ in UInt8(random.pick(32...126)) },
                format: .raw,
                sampling: SamplingSettings(temperature: 0),
                rule: RuleSettings(),
                maxTokens: UInt32(random.pick([1, 2, 5, 10, 30])),
                draftLength: .fixed(UInt32(random.pick(0...3))),
                follow: random.chance(0.3),
                priority: random.pick([.low, .normal, .high])
            )
            sendUp(.submit(submit), crowds[index].link)
        }
    }

    private mutating func cancelAll() {
        report.coverage.count(.cancelAll)
        let index = random.pick(0...1)
        crowds[index].sent += 1
        let request = CancelJobs(requestID: crowds[index].sent, selection: .scope(.mine))
        sendUp(.cancelJobs(request), crowds[index].link)
    }

    private mutating func reconnect() {
        report.coverage.count(.crowdReconnects)
        crowds[random.pick(0...1)].link.address.connection += 1
    }

    // MARK: Keys

    private mutating func changeLimits() {
        report.coverage.count(.limitsChanged)
        let owner = random.pick(keys.owners)
        keys.set(anyLimits(of: owner), of: owner)
        tellKeys()
    }

    /// A key is revoked, or all are allowed again.
    private mutating func changeKey() {
        let holder = keys.anyHolder(&random)
        if keys.principal(of: holder) == nil || random.chance(0.5) {
            keys.allowAll()
        } else {
            report.coverage.count(.keyRevoked)
            keys.revoke(holder, keepsJobs: random.chance(0.5))
            expel(currentAddress(of: holder).peer)
        }
        tellKeys()
    }

    private func currentAddress(of holder: SimulatedAddress) -> SimulatedAddress {
        (holder.kind == .crowd ? crowds[holder.index].link : clients[holder.index].link).address
    }

    /// The coordinator's driver has seen that the list has changed.
    mutating func tellKeys() { feedCoordinator(.keysKnown(keys.principals)) }

    /// What has waited for the coordinator's process: who may do what, its driver looks up when it reads a message.
    mutating func feedCoordinator(withKeysOfNow event: CoordinatorStateMachine.Event) {
        switch event {
        case .message(let message, let peer, _):
            if let address = SimulatedAddress(peer), address.kind == .client || address.kind == .crowd {
                hear(message, from: address)
            } else {
                feedCoordinator(event)
            }
        case .keysKnown: tellKeys()
        default: feedCoordinator(event)
        }
    }

    /// Whether no client's result is forgotten before it has it: each owner has room for those of its own.
    var keepsResults: Bool { limits.finishedJobs >= clients.count * (isContested ? keys.owners.count : 1) }

    /// As the driver does: what comes of a key that is not allowed is not taken.
    mutating func hear(_ message: Message, from address: SimulatedAddress) {
        guard let principal = keys.principal(of: address) else {
            expel(address.peer)
            return
        }
        feedCoordinator(.message(message, from: address.peer, by: principal))
    }

    /// As the driver does with who shows a key that is not allowed: it is told so, and counts as gone.
    mutating func expel(_ peer: PeerID) {
        guard let boot = coordinator?.boot else { return }
        let refused = Refused(code: .forbidden, message: "the key is not allowed")
        sendDown(.refused(refused), to: peer, boot: boot)
        feedCoordinator(.peerLost(peer))
    }

    mutating func checkCrowd(_ message: Message) {
        switch message {
        case .accepted, .delta, .finished, .refused, .jobsCancelled: break
        default: fail("a crowd got \(MessageKind(message))")
        }
    }

    // MARK: Checks

    /// What the account must know before the coordinator takes an event, as it is and not as somebody makes of it.
    mutating func noteLimits(_ event: CoordinatorStateMachine.Event) {
        switch event {
        case .keysKnown(let principals):
            for principal in principals { shares.set(principal.limits, of: principal.owner.name) }
        case .message(.submit, _, let principal): shares.set(principal.limits, of: principal.owner.name)
        default: break
        }
    }

    /// I23: owners are given places by weight, and none that they may not have.
    mutating func checkShares() {
        guard let gauges = coordinator?.placeGauges else { return }
        // Taken out, so that the coordinator is read where it is: a copy of it costs more than all of this.
        var account = ShareAccount()
        swap(&account, &shares)
        let problem = account.note(gauges, at: now) { coordinator?.finishedTokens(of: $0) }
        swap(&account, &shares)
        if let problem { fail("I23: \(problem)") }
    }

    /// Jobs of the owner that submits one, where it may not have any number; nil for all other events.
    func limitedJobs(_ event: CoordinatorStateMachine.Event) -> Int? {
        guard case .message(.submit, _, let principal) = event, principal.limits.maxJobs != nil else { return nil }
        return coordinator?.unfinishedJobs(of: principal.owner.name)
    }

    /// I23: an owner is given no more jobs than it may have.
    mutating func checkJobs(_ event: CoordinatorStateMachine.Event, before: Int?) {
        guard let before, let now = limitedJobs(event), now > before,
            case .message(_, _, let principal) = event, let most = principal.limits.maxJobs, now > most
        else { return }
        fail("I23: \(principal.owner.name) has \(now) jobs, at most \(most)")
    }

    /// I24: nobody's results are forgotten while somebody else has more of them.
    mutating func checkForgotten(_ job: JobID) {
        guard let owner = owners[job], let kept = coordinator?.finishedJobsOfOwners else { return }
        let (own, most) = (kept[owner] ?? 0, kept.values.max() ?? 0)
        if most > own + 1 { fail("I24: a result of \(owner) is forgotten, who has \(own), and another \(most)") }
    }
}

/// An owner that sends many jobs and follows few.
struct SimulatedCrowd: Sendable {
    var link: SimulatedLink
    /// Requests so far.
    var sent: UInt64 = 0
}
