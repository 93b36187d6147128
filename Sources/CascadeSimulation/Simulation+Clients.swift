import CascadeClient
import CascadeCoordinator
import CascadeCore

/// The client programs.
extension Simulation {
    mutating func tickClient(_ index: Int) {
        guard clients[index].phase != .done else { return }
        queue.insert(.clientTick(index), at: now.advanced(milliseconds: 300))
        guard now >= clients[index].awayUntil else { return }
        if clients[index].isAway {
            clients[index].isAway = false
            perform(clients[index].handle(.connected, at: now), index)
        }
        perform(clients[index].tick(at: now), index)
    }

    /// Some jobs have penalties, a bias or both.
    mutating func givePenalties() {
        // Histories of seeds from before penalties stay as they were apart from these.
        var random = SplitMix64(seed: SplitMix64.mix(~seed))
        for index in clients.indices where random.chance(0.25) {
            var sampling = clients[index].submit.sampling
            if random.chance(0.5) { sampling.presencePenalty = random.pick([-1, 0.5, 2]) }
            if random.chance(0.5) { sampling.frequencyPenalty = random.pick([-0.5, 0.25, 1.5]) }
            if random.chance(0.5) { sampling.repetitionPenalty = random.pick([0.75, 1.25, 2]) }
            if random.chance(0.5) {
                let token = Token(random.pick(1...(ToyLanguage.pieces.count - 1)))
                let bias = random.pick([-4, 2.5])
                sampling.logitBias = [LogitBias(token: 0, bias: -3), LogitBias(token: token, bias: bias)]
            }
            clients[index].setSampling(sampling)
        }
    }

    /// Some jobs' answers are constrained.
    mutating func giveConstraints() {
        // Histories of seeds from before constraints stay as they were apart from these.
        var random = SplitMix64(seed: SplitMix64.mix(~seed ^ 0xC057))
        for index in clients.indices where random.chance(0.2) {
            clients[index].setConstraint(random.pick(ToyConstraint.all).constraint)
        }
    }

    mutating func arriveAtClient(_ message: Message, _ index: Int) {
        let client = clients[index]
        switch message {
        case .accepted(let accepted):
            if client.isBad, accepted.requestID == client.submit.requestID {
                fail("a submission that makes no sense was accepted")
            }
        case .delta(let delta) where delta.job == client.job:
            if let problem = client.logprobProblem(of: delta, language) {
                fail("I28: client \(index), job \(delta.job): \(problem)")
            }
            if let problem = client.problem(of: delta) { fail("I1: client \(index), job \(delta.job): \(problem)") }
        case .finished(let finished) where finished.report.job == client.job: check(finished.report, index)
        case .delta, .finished, .refused, .jobsCancelled, .jobList, .nodeList, .clusterStatus: break
        default: fail("client \(index) got \(MessageKind(message))")
        }
        perform(clients[index].handle(.message(message), at: now), index)
    }

    private mutating func check(_ report: JobReport, _ index: Int) {
        let client = clients[index]
        if client.report == nil { checkReport(report, client) }
        if let known = client.report, known != report, !damagedJobs.contains(known.job) {
            fail("the report of job \(known.job) changed")
        }
        if report.error?.code != .journalDamaged, let problem = client.problem(of: report) {
            fail("I1: client \(index): \(problem)")
        }
        clients[index].report = report
    }

    private mutating func perform(_ actions: [JobFollower.Action], _ index: Int) {
        for action in actions {
            switch action {
            case .send(let message):
                if case .cancel = message { report.coverage.count(.clientCancel) }
                sendUp(message, clients[index].link)
            case .stream(let part): clients[index].take(part)
            case .end(let ending): end(ending, index)
            case .accepted, .waiting, .reading, .unreachable, .reachable: break
            }
        }
    }

    // MARK: Ends

    private mutating func end(_ ending: JobFollower.Ending, _ index: Int) {
        switch ending {
        case .report(let report): takeEnd(report, index)
        case .refused(let refused): takeRefusal(refused, index)
        case .cancellationUnconfirmed:
            guard let job = clients[index].job else { return }
            perform(clients[index].watch(job, at: now), index)
        case .withdrawn, .left, .unreachable: fail("client \(index) gave up: \(ending)")
        }
    }

    private mutating func takeEnd(_ report: JobReport, _ index: Int) {
        let client = clients[index]
        let isDamaged = report.error?.code == .journalDamaged
        if !isDamaged, client.tokens != report.tokens || client.text != report.text {
            fail("I1: client \(index) has \(client.tokens) and \(client.text) of \(report.tokens) and \(report.text)")
        }
        if report.error?.code == .shuttingDown {
            clients[index].beginAnew(at: now)
            return
        }
        if report.reason == .cancelled, !client.hasEverCancelled {
            fail("I22: job \(report.job) was cancelled by another")
        }
        trace("client \(index) is done: \(report.reason.name) \(report.error?.message ?? "")")
        if !isDamaged { self.report.count(report) }
        clients[index].finish()
        noticeEnd()
    }

    private mutating func takeRefusal(_ refused: Refused, _ index: Int) {
        let client = clients[index]
        switch refused.code {
        case .unknownJob:
            guard let job = client.job else { return }
            // Jobs are lost with a coordinator that keeps no journal, and reports when there are too many.
            let isLost = !keepsJournal && boots[job] != coordinator?.boot
            let isExcused = isLost || !keepsResults || damagedJobs.contains(job)
            if !isExcused { fail("job \(job) of client \(index) is unknown to the coordinator that took it") }
            clients[index].beginAnew(at: now)
        case .overloaded, .shuttingDown, .notReady:
            clients[index].beginAnew(at: now.advanced(milliseconds: UInt64(refused.retryAfterMilliseconds)))
        case .forbidden where keys.wasRevoked(client.link.address):
            clients[index].beginAnew(at: now.advanced(milliseconds: 300))
        case .deadlineTooShort where client.submit.deadlineMilliseconds != nil:
            trace("client \(index) is done: \(refused.message)")
            clients[index].finish()
            noticeEnd()
        case .badRequest where client.isBad:
            report.coverage.count(.badSubmission)
            clients[index].finish()
            noticeEnd()
        default: fail("client \(index) was refused: \(refused.message)")
        }
    }

    private mutating func noticeEnd() {
        if isHealed, doneAt == nil, clients.allSatisfy({ $0.phase == .done }) { doneAt = now }
    }

    // MARK: Asking

    /// Somebody looks at the cluster from time to time.
    mutating func monitor() {
        queue.insert(.monitor, at: now.advanced(milliseconds: 2000))
        noticeEnd()
        guard let index = clients.indices.randomElement(using: &random) else { return }
        let link = clients[index].link
        sendUp(.statusRequest(StatusRequest(requestID: Self.monitorRequest)), link)
        sendUp(.jobsRequest(JobsRequest(requestID: Self.monitorRequest, limit: 5)), link)
        sendUp(.nodesRequest(NodesRequest(requestID: Self.monitorRequest)), link)
        meddle(link)
        guard let job = clients[index].job else { return }
        sendUp(.statusRequest(StatusRequest(requestID: Self.monitorRequest, job: job)), link)
    }

    /// Somebody asks for jobs of other owners, and to end them.
    private mutating func meddle(_ link: SimulatedLink) {
        let owner = link.address.owner.name
        let foreign = clients.compactMap { client in
            client.link.address.owner.name == owner ? nil : client.job
        }
        guard let job = foreign.first else { return }
        let id = Self.monitorRequest
        let attempts: [Message] = [
            .statusRequest(StatusRequest(requestID: id, job: job)),
            .watch(Watch(requestID: id, job: job, tokenOffset: 0, byteOffset: 0)),
            .cancel(Cancel(requestID: id, job: job)),
            .cancelJobs(CancelJobs(requestID: id, selection: .jobs(foreign))),
        ]
        for attempt in attempts { sendUp(attempt, link) }
    }

    /// No client's own.
    private static let monitorRequest: UInt64 = 1
}
