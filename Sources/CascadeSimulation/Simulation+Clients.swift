import CascadeCoordinator
import CascadeCore

/// The client programs.
extension Simulation {
    mutating func tickClient(_ index: Int) {
        guard clients[index].phase != .done else { return }
        queue.insert(.clientTick(index), at: now.advanced(milliseconds: 300))
        guard now >= clients[index].awayUntil, now >= clients[index].retryAt else { return }
        if clients[index].phase == .idle { clients[index].phase = .submitting }
        clients[index].ticks += 1
        clients[index].lastRequest += 1
        let client = clients[index]
        switch client.phase {
        case .submitting: sendUp(.submit(client.submit), client.link)
        case .watching(let job):
            if client.isCancelling {
                report.coverage.count(.clientCancel)
                sendUp(.cancel(Cancel(requestID: client.lastRequest, job: job)), client.link)
            } else if client.submit.follow || client.ticks % 2 == 0 {
                let watch = Watch(
                    requestID: client.lastRequest,
                    job: job,
                    tokenOffset: UInt32(client.tokens.count),
                    byteOffset: UInt32(client.text.count)
                )
                sendUp(.watch(watch), client.link)
            }
        case .idle, .done: break
        }
    }

    mutating func arriveAtClient(_ message: Message, _ index: Int) {
        let client = clients[index]
        switch message {
        case .accepted(let accepted):
            guard client.phase == .submitting else { return }
            if client.isBad { fail("a submission that makes no sense was accepted") }
            clients[index].phase = .watching(accepted.job)
        case .delta(let delta):
            guard client.job == delta.job else { return }
            if let problem = clients[index].take(delta) { fail("I1: client \(index), job \(delta.job): \(problem)") }
            checkCompleteness(index)
        case .finished(let finished):
            guard client.job == finished.report.job else { return }
            if client.report == nil { checkReport(finished.report, client) }
            if let known = client.report, known != finished.report, !damagedJobs.contains(known.job) {
                fail("the report of job \(known.job) changed")
            }
            clients[index].report = finished.report
            checkCompleteness(index)
        case .refused(let refused): takeRefusal(refused, index)
        case .jobList, .nodeList, .clusterStatus: break
        default: fail("client \(index) got \(MessageType(message))")
        }
    }

    private mutating func takeRefusal(_ refused: Refused, _ index: Int) {
        let client = clients[index]
        let isCurrent =
            client.job == nil
            ? refused.requestID == client.submit.requestID : refused.requestID > client.requestsBeforeJob
        guard isCurrent, client.phase != .done else { return }
        switch refused.code {
        case .unknownJob:
            guard let job = client.job else { return }
            // Jobs are lost with a coordinator that keeps no journal, and reports when there are too many.
            let isLost = !keepsJournal && boots[job] != coordinator?.machine.boot
            let isExcused = isLost || limits.finishedJobs < clients.count || damagedJobs.contains(job)
            if !isExcused { fail("job \(job) of client \(index) is unknown to the coordinator that took it") }
            clients[index].beginAnew()
        case .overloaded, .shuttingDown, .notReady:
            clients[index].retryAt = now.advanced(milliseconds: UInt64(refused.retryAfterMilliseconds))
        case .badRequest where client.isBad:
            report.coverage.count(.badSubmission)
            clients[index].phase = .done
            noticeEnd()
        default: fail("client \(index) was refused: \(refused.message)")
        }
    }

    /// With the report and all of the stream a client is done; what is missing it asks for with its next watch.
    private mutating func checkCompleteness(_ index: Int) {
        let client = clients[index]
        guard let known = client.report, client.phase != .done else { return }
        if known.error?.code == .journalDamaged {
            clients[index].phase = .done
            noticeEnd()
            return
        }
        let (isComplete, problem) = client.compare(known)
        if let problem { fail("I1: client \(index): \(problem)") }
        guard isComplete else { return }
        if known.error?.code == .shuttingDown {
            clients[index].beginAnew()
            return
        }
        trace("client \(index) is done: \(known.reason.name) \(known.error?.message ?? "")")
        report.count(known)
        clients[index].phase = .done
        noticeEnd()
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
        sendUp(.statusRequest(StatusRequest(requestID: 0)), link)
        sendUp(.jobsRequest(JobsRequest(requestID: 0, limit: 5)), link)
        sendUp(.nodesRequest(NodesRequest(requestID: 0)), link)
        if let job = clients[index].job { sendUp(.statusRequest(StatusRequest(requestID: 0, job: job)), link) }
    }
}
