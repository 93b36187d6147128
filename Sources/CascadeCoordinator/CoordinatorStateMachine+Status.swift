import CascadeCore
import OrderedCollections

/// What people and programs may ask.
extension CoordinatorStateMachine {
    mutating func answer(_ request: StatusRequest, to peer: PeerID) {
        guard let id = request.job else {
            send(.clusterStatus(clusterStatus(requestID: request.requestID)), to: peer)
            return
        }
        guard let summary = jobs[id].map(summary(of:)) ?? finished[id].map(summary(of:)) else {
            refuseUnknown(id, peer, requestID: request.requestID)
            return
        }
        send(.jobList(JobList(requestID: request.requestID, jobs: [summary])), to: peer)
    }

    mutating func answer(_ request: JobsRequest, to peer: PeerID) {
        let limit = min(Int(request.limit), limits.listedJobs)
        var summaries = jobs.values.suffix(limit).reversed().map(summary(of:))
        let rest = limit - summaries.count
        summaries += finished.jobs.values.suffix(rest).reversed().map(summary(of:))
        for index in summaries.indices {
            summaries[index].note = summaries[index].note.beginning(scalars: JobSummary.listedNoteLength)
        }
        send(.jobList(JobList(requestID: request.requestID, jobs: summaries)), to: peer)
    }

    mutating func answer(_ request: NodesRequest, to peer: PeerID) {
        let summaries = nodes.elements.map { summary(of: $0.value, $0.key) }.sorted {
            ($0.role.rawValue, $0.identity.name) < ($1.role.rawValue, $1.identity.name)
        }
        send(.nodeList(NodeList(requestID: request.requestID, nodes: summaries)), to: peer)
    }

    private func clusterStatus(requestID: UInt64) -> ClusterStatus {
        func ready(_ role: NodeRole) -> UInt32 {
            UInt32(clamping: nodes.values.count { $0.hello.role == role && $0.state == .ready })
        }
        return ClusterStatus(
            requestID: requestID,
            boot: boot,
            software: software,
            uptimeMilliseconds: now.milliseconds(since: startedAt),
            queuedJobs: UInt32(clamping: jobs.queuedCount),
            runningJobs: UInt32(clamping: jobs.running.count),
            finishedJobs: finishedCount,
            drafters: ready(.drafter),
            experts: ready(.expert),
            staleMessages: transitions[.replyStale],
            counts: totals,
            stall: stall
        )
    }

    private func summary(of job: Job) -> JobSummary {
        JobSummary(
            job: job.id,
            state: job.state,
            reason: nil,
            note: note(of: job),
            pool: job.submit.pool,
            promptTokens: UInt32(clamping: job.promptLength),
            completionTokens: UInt32(clamping: job.answer.tokens.count),
            ageMilliseconds: job.age(at: now),
            promptBeginning: JobSummary.beginning(of: job.submit.prompt)
        )
    }

    private func summary(of job: FinishedJob) -> JobSummary {
        JobSummary(
            job: job.report.job,
            state: .finished,
            reason: job.report.reason,
            note: job.report.error?.message ?? "",
            pool: job.submit.pool,
            promptTokens: job.report.promptTokens,
            completionTokens: UInt32(clamping: job.report.tokens.count),
            ageMilliseconds: job.earlierMilliseconds + now.milliseconds(since: job.acceptedAt),
            promptBeginning: JobSummary.beginning(of: job.submit.prompt)
        )
    }

    func summary(of node: Node, _ handle: NodeHandle) -> NodeSummary {
        NodeSummary(
            identity: node.hello.identity,
            role: node.hello.role,
            pool: node.hello.pool,
            modelName: node.hello.modelName,
            state: node.state,
            inFlight: UInt32(clamping: requests.count(at: handle)),
            credits: UInt32(clamping: node.credits),
            progress: node.progress,
            kvTokens: node.hello.kvTokens,
            contextLength: node.hello.contextLength,
            costs: node.costs,
            software: node.hello.software,
            silentMilliseconds: now.milliseconds(since: node.lastHeard),
            busyFraction: node.usage.busy,
            cpuFraction: node.usage.cores,
            host: node.hello.host,
            isSynthetic: node.hello.isSynthetic,
            rest: rest(of: node)
        )
    }
}
