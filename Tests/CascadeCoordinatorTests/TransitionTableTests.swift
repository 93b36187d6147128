import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Every cell of the first table in `Transitions.md`.
struct TransitionTableTests {
    enum State: String, CaseIterable {
        case awaitingVocabulary, tokenizing, awaitingRoom, idle, drafting, drafted, verifying, ended
    }

    enum Stimulus: CaseIterable {
        case drafterLost, expertLost, drafterSlow, expertSlow, drafterFails, expertFails
        case draftArrives, verdictArrives, expertJoins, cancel, shutdown
    }

    /// Where a stimulus leads from each state, in the order of the table's columns.
    static func expected(_ stimulus: Stimulus) -> [State] {
        switch stimulus {
        case .drafterLost, .drafterSlow, .drafterFails, .draftArrives:
            [.awaitingVocabulary, .tokenizing, .awaitingRoom, .idle, .verifying, .drafted, .verifying]
        case .expertLost:
            [.awaitingVocabulary, .tokenizing, .awaitingRoom, .idle, .drafting, .drafted, .drafted]
        case .expertSlow:
            [.awaitingVocabulary, .tokenizing, .awaitingRoom, .idle, .drafting, .drafted, .verifying]
        case .expertFails:
            [.awaitingVocabulary, .tokenizing, .awaitingRoom, .idle, .drafting, .verifying, .drafted]
        case .verdictArrives:
            [.awaitingVocabulary, .tokenizing, .awaitingRoom, .idle, .drafting, .verifying, .drafting]
        case .expertJoins:
            [.verifying, .tokenizing, .awaitingRoom, .drafting, .drafting, .drafted, .verifying]
        case .cancel, .shutdown: [State](repeating: .ended, count: 7)
        }
    }

    @Test(arguments: Stimulus.allCases, State.allCases.dropLast())
    func everyCell(stimulus: Stimulus, state: State) throws {
        var (harness, job) = reach(state)
        #expect(self.state(of: job, harness) == state)
        apply(stimulus, to: &harness, job)
        let column = try #require(State.allCases.firstIndex(of: state))
        #expect(self.state(of: job, harness) == Self.expected(stimulus)[column])
    }

    private func state(of job: JobID, _ harness: Harness) -> State {
        guard let job = harness.machine.jobs[job] else { return .ended }
        switch (job.stage, job.sequence?.phase) {
        case (.awaitingVocabulary, _): return .awaitingVocabulary
        case (.tokenizing, _): return .tokenizing
        case (.awaitingRoom, _): return .awaitingRoom
        case (.running, .idle), (.running, nil): return .idle
        case (.running, .drafting): return .drafting
        case (.running, .drafted): return .drafted
        case (.running, .verifying): return .verifying
        }
    }

    // MARK: States

    private func reach(_ state: State) -> (Harness, JobID) {
        var limits = Harness.fixed
        if state == .awaitingRoom { limits.activeSequences = 1 }
        var harness = Harness(limits: limits)
        let expert = ToyNode("expert", .expert)
        if state == .awaitingVocabulary || state == .tokenizing {
            harness.nodes = [expert]
            harness.feed(.hello(expert.hello), from: expert.peer)
        } else {
            harness.join(expert, credits: 1)
        }
        if state != .awaitingVocabulary {
            // The drafter's joining must not bring the vocabulary along.
            let drafter = ToyNode("drafter", .drafter)
            harness.nodes.append(drafter)
            harness.feed(.hello(drafter.hello), from: drafter.peer)
            harness.feed(.ready(Ready(boot: 77, costs: [], credits: 8)), from: drafter.peer)
            harness.mute("drafter")
        }
        harness.mute("expert")
        if state == .awaitingRoom || state == .drafted {
            harness.submit(harness.submission("first", maxTokens: 20))
            if state == .drafted { answerDraft(&harness) }
        }
        let job = harness.submit(harness.submission("abc", maxTokens: 20))!
        switch state {
        case .tokenizing:
            _ = harness.machine.handle(.vocabulary(pool: "default", Toy.tokenizer, Toy.vocabulary), at: harness.now)
        case .drafted, .verifying: answerDraft(&harness)
        case .idle:
            answerDraft(&harness)
            harness.feed(.drainNode(DrainNode(requestID: 1, name: "expert")))
            answerVerify(&harness)
        default: break
        }
        return (harness, job)
    }

    private func answerDraft(_ harness: inout Harness) {
        guard let draft = harness.heldDraft("drafter") else { return }
        var drafter = harness.node("drafter")
        if let reply = drafter.answer(.draft(draft)) { harness.feed(reply, from: drafter.peer) }
    }

    private func answerVerify(_ harness: inout Harness) {
        guard let verify = harness.heldVerify("expert") else { return }
        var expert = harness.node("expert")
        if let reply = expert.answer(.verify(verify)) { harness.feed(reply, from: expert.peer) }
    }

    // MARK: Stimuli

    private func apply(_ stimulus: Stimulus, to harness: inout Harness, _ job: JobID) {
        let drafter = PeerID(Array("drafter/1".utf8))
        let expert = PeerID(Array("expert/1".utf8))
        let fence = Fence(boot: 77, incarnation: 1, sequence: SequenceID(job: job), round: 999)
        switch stimulus {
        case .drafterLost: harness.feed(.peerLost(drafter))
        case .expertLost: harness.feed(.peerLost(expert))
        case .drafterSlow: expire(.drafter, &harness)
        case .expertSlow: expire(.expert, &harness)
        case .drafterFails:
            let fence = harness.heldDraft("drafter")?.fence ?? fence
            harness.feed(.failed(Failed(fence: fence, code: .nodeFailed, message: "")), from: drafter)
        case .expertFails:
            let fence = harness.heldVerify("expert")?.fence ?? fence
            harness.feed(.failed(Failed(fence: fence, code: .nodeFailed, message: "")), from: expert)
        case .draftArrives: answerDraft(&harness)
        case .verdictArrives: answerVerify(&harness)
        case .expertJoins: harness.join(ToyNode("second", .expert))
        case .cancel: harness.feed(.cancel(Cancel(requestID: 1, job: job)))
        case .shutdown: harness.feed(.shutdown)
        }
    }

    /// Makes the time of a role's requests pass, and no other.
    private func expire(_ role: NodeRole, _ harness: inout Harness) {
        for index in harness.machine.requests.indices where harness.machine.requests[index].role == role {
            harness.machine.requests[index].silenceDeadline = harness.now
        }
        harness.feed(.tick)
    }
}
