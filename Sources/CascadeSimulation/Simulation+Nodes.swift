import CascadeCoordinator
import CascadeCore
import CascadeWorker

/// The drivers of drafters and experts.
extension Simulation {
    mutating func tickNode(_ index: Int) {
        queue.insert(.nodeTick(index), at: now.advanced(milliseconds: limits.heartbeatMilliseconds))
        guard now >= nodes[index].pausedUntil else { return }
        feedNode(index, .tick)
    }

    mutating func startNode(_ index: Int) {
        guard !nodes[index].isUp else { return }
        let loadedAt = later(isHealed ? 200 : 1500)
        nodes[index].start(incarnation: random.next(), now: now, loadedAt: loadedAt)
        trace("\(nodes[index].name) starts as \(nodes[index].incarnation)")
        feedNode(index, .connected)
        queue.insert(.nodeLoaded(index, incarnation: nodes[index].incarnation), at: loadedAt)
    }

    mutating func nodeIsLoaded(_ index: Int, _ incarnation: UInt64) {
        guard nodes[index].incarnation == incarnation else { return }
        feedNode(index, .engine(answers: []))
    }

    mutating func stopNode(_ index: Int, restartWithin milliseconds: Int) {
        guard nodes[index].isUp else { return }
        trace("\(nodes[index].name) stops")
        nodes[index].die()
        queue.insert(.nodeStart(index), at: later(milliseconds))
    }

    mutating func resumeNode(_ index: Int) {
        guard nodes[index].isUp, now >= nodes[index].pausedUntil else { return }
        let inbox = nodes[index].inbox
        nodes[index].inbox = []
        for message in inbox { feedNode(index, .message(message)) }
    }

    mutating func arriveAtNode(_ message: Message, _ index: Int) {
        if now < nodes[index].pausedUntil {
            nodes[index].inbox.append(message)
        } else {
            feedNode(index, .message(message))
        }
    }

    // MARK: The machine

    mutating func feedNode(_ index: Int, _ event: NodeStateMachine.Event) {
        guard nodes[index].isUp else { return }
        let status = nodes[index].status(at: now)
        for action in nodes[index].machine.handle(event, status, at: now) {
            // What it did before may have been its end.
            guard nodes[index].isUp else { return }
            perform(action, index)
        }
    }

    private mutating func perform(_ action: NodeStateMachine.Action, _ index: Int) {
        switch action {
        case .send(let message): sendUp(message, nodes[index].link)
        case .work(let request):
            if diesWhenAsked(index) || diesOfPoison(index, request) { return }
            nodes[index].post(request)
            startPass(index)
        case .release(let sequence): nodes[index].release(sequence)
        case .log(_, let text, let fields): trace("\(nodes[index].name): \(text) \(fields.map(\.value))")
        case .stop(.drained):
            sendUp(.goodbye(Goodbye(reason: "drained")), nodes[index].link)
            leave(index)
        case .stop(let ending): fail("\(nodes[index].name) ended: \(ending)")
        case .forgetUnsent, .serving: break
        }
    }

    /// The process ends in an orderly way and is started again.
    mutating func leave(_ index: Int) {
        trace("\(nodes[index].name) leaves")
        let address = nodes[index].link.address
        nodes[index].die()
        nodes[index].link.address = address
        queue.insert(.nodeStart(index), at: later(1500))
    }

    // MARK: Passes

    private mutating func startPass(_ index: Int) {
        guard nodes[index].hasWork else { return }
        for verdict in nodes[index].beginPass(at: now) { verdicts.insert(verdict) }
        let milliseconds = UInt64(nodes[index].worker.model.lastMilliseconds)
        let end = now.advanced(milliseconds: milliseconds)
        queue.insert(.nodeDone(index, incarnation: nodes[index].incarnation), at: end)
    }

    mutating func finishPass(_ index: Int, _ incarnation: UInt64) {
        guard nodes[index].isUp, nodes[index].incarnation == incarnation else { return }
        let end = max(nodes[index].pausedUntil, nodes[index].stuckUntil)
        guard now >= end else {
            queue.insert(.nodeDone(index, incarnation: incarnation), at: end)
            return
        }
        guard let answers = nodes[index].answers else { return }
        nodes[index].answers = nil
        nodes[index].passes += 1
        for case .failed(let failed) in answers where isCalm {
            fail("\(nodes[index].name) cannot do what it is asked: \(failed.message)")
        }
        let replies = answers.map { said($0, index) }
        feedNode(index, .engine(answers: replies))
        if nodes[index].isUp { startPass(index) }
    }

    /// What a node makes of its own answer.
    private mutating func said(_ answer: Message, _ index: Int) -> Message {
        if random.chance(nodes[index].failing), let fence = answer.fence {
            report.coverage.count(.failedReply)
            return .failed(Failed(fence: fence, code: .nodeFailed, message: "simulated failure"))
        }
        guard random.chance(nodes[index].hostility) else { return betray(answer, index) }
        report.coverage.count(.hostileReply)
        return betray(nodes[index].spoil(answer, &random), index)
    }
}
