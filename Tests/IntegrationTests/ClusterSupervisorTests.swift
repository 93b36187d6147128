import CascadeHost
import CascadeNode
import Foundation
import Testing

@testable import cascade

/// When `up` starts a role again, after how long, and when it gives up: the decision alone.
@Suite struct RestartPolicyTests {
    private static let passing = Children.End(cause: "the disk is full", mayPass: true)
    private static let lasting = Children.End(cause: "it died of signal 11", mayPass: false)

    private func judge(
        _ policy: inout RestartPolicy,
        _ end: Children.End,
        after seconds: Double,
        wasReady: Bool = true,
        isHeard: Bool = false
    ) -> RestartPolicy.Verdict {
        policy.judge(end, code: -11, afterSeconds: seconds, wasReady: wasReady, isHeard: isHeard)
    }

    /// Pauses double up to ten seconds, for ever; an end that was long in coming begins anew.
    @Test func whatMayPassIsTriedForEver() {
        var policy = RestartPolicy(role: "expert")
        for pause in [1_000, 2_000, 4_000, 8_000, 10_000, 10_000, 10_000] {
            #expect(judge(&policy, Self.passing, after: 9.9) == .startAgain(milliseconds: pause))
        }
        #expect(judge(&policy, Self.passing, after: 10) == .startAgain(milliseconds: 500))
        #expect(judge(&policy, Self.passing, after: 0) == .startAgain(milliseconds: 1_000))
    }

    /// The fifth quick end in a row is one too many, where a restart mends nothing; one that ran for a while does not
    /// count.
    @Test func whatDoesNotPassIsGivenUp() {
        var policy = RestartPolicy(role: "expert")
        for pause in [1_000, 2_000, 4_000, 8_000] {
            #expect(judge(&policy, Self.lasting, after: 0) == .startAgain(milliseconds: pause))
        }
        #expect(judge(&policy, Self.lasting, after: 60) == .startAgain(milliseconds: 500))
        for _ in 0..<4 {
            guard case .startAgain = judge(&policy, Self.lasting, after: 1) else {
                Issue.record("it was given up too early")
                return
            }
        }
        let verdict = judge(&policy, Self.lasting, after: 1)
        #expect(verdict == .giveUp("the expert ended 5 times in a row: it died of signal 11"))
    }

    /// Quick ends of both kinds are one row.
    @Test func theLastCauseDecides() {
        var policy = RestartPolicy(role: "drafter")
        for _ in 0..<6 { _ = judge(&policy, Self.passing, after: 0) }
        let verdict = judge(&policy, Self.lasting, after: 0)
        #expect(verdict == .giveUp("the drafter ended 7 times in a row: it died of signal 11"))
    }

    /// Whatever the cause: nobody has been promised anything yet.
    @Test func aRoleThatWasNeverReadyIsNotTriedAgain() {
        let drained = Children.End(cause: "it was drained", mayPass: false, isDrained: true)
        for end in [Self.passing, Self.lasting, drained] {
            var policy = RestartPolicy(role: "expert")
            let seen = judge(&policy, end, after: 100, wasReady: false)
            #expect(seen == .giveUp("the expert ended with code -11 before it was ready; see above"))
            let heard = judge(&policy, end, after: 100, wasReady: false, isHeard: true)
            #expect(heard == .giveUp("the expert ended with code -11 before it was ready: \(end.cause)"))
        }
        var policy = RestartPolicy(role: "expert")
        #expect(judge(&policy, drained, after: 0) == .stayAway)
    }

    /// What an end without a word means.
    @Test func codesAreCauses() {
        for code in [0, -SIGTERM, -SIGINT, -SIGHUP] {
            #expect(ClusterSupervisor.end(code) == .init(cause: "a signal from outside ended it", mayPass: true))
        }
        let killed = ClusterSupervisor.end(-SIGKILL)
        #expect(killed.mayPass && killed.cause.contains("memory ran out"))
        let aborted = ClusterSupervisor.end(-SIGABRT)
        #expect(!aborted.mayPass && aborted.cause.hasPrefix("it died of signal 6"))
        #expect(ClusterSupervisor.end(-SIGSEGV) == .init(cause: "it died of signal 11", mayPass: false))
        #expect(ClusterSupervisor.end(1) == .init(cause: "it ended with code 1", mayPass: false))
    }

    /// A key of the user's is not every child's.
    @Test func childrenGetNoKeysByTheirEnvironment() {
        let own = ["CASCADE_KEY": "a", "CASCADE_KEYS": "b", "CASCADE_INSECURE": "1", "CASCADE_POOL": "c", "HOME": "d"]
        #expect(ClusterSupervisor.environment(of: own) == ["CASCADE_POOL": "c", "HOME": "d"])
    }
}

/// The supervisor itself, over shell scripts in the place of roles and a real coordinator.
@Suite(.timeLimit(.minutes(2))) struct ClusterSupervisorTests {
    /// How a role ends.
    enum Ending: CaseIterable {
        case killed, told

        var cause: String {
            switch self {
            case .killed: "it was killed, perhaps because memory ran out"
            case .told: "the disk is full"
            }
        }
    }

    /// The cause is told until the role does its work again; the others are left alone, and all end when it ends.
    @Test(arguments: Ending.allCases) func whatEndsIsStartedAgain(_ ending: Ending) async throws {
        try await SupervisorStage.with { stage in
            // Its second process does its work when it is told to.
            let expert = """
                if [ -e "$0/again" ]; then \(SupervisorStage.awaits("go")); fi
                touch "$0/again"
                \(stage.serves)
                if [ ! -e "$0/go" ]; then
                  \(SupervisorStage.awaits("fail"))
                  \(stage.says(.failed("the disk is full", mayPass: true)))
                  exit 1
                fi
                \(SupervisorStage.stays)
                """
            let coordinator = stage.role("coordinator", "\(stage.serves)\n\(SupervisorStage.stays)")
            let supervisor = stage.start([coordinator, stage.role("expert", expert)])
            try await waitUntil("it is ready") { stage.recorded?.isReady == true }
            let before = try #require(stage.recorded)
            #expect(before.troubles.isEmpty && Set(before.children.keys) == ["coordinator", "expert"])
            switch ending {
            case .killed: before.children["expert"]?.signal(SIGKILL)
            case .told: try stage.give("fail")
            }
            try await waitUntil("there is another one") { stage.lines("expert.starts").count == 2 }
            #expect(stage.recorded?.troubles == ["expert": ending.cause])
            try stage.give("go")
            try await waitUntil("it does its work") {
                stage.recorded.map { $0.troubles.isEmpty && $0.children != before.children } == true
            }
            let after = try #require(stage.recorded)
            #expect(after.isReady && after.children["expert"] != before.children["expert"])
            #expect(after.children["coordinator"] == before.children["coordinator"])
            #expect(stage.logged.contains("expert ended; starting it again") && stage.logged.contains(ending.cause))
            // It had not run for long, unless the machine stood still.
            #expect(stage.logged.contains("in=1.0 s") || stage.logged.contains("in=0.5 s"), "\(stage.logged)")
            try await supervisor.end()
            #expect(after.children.values.allSatisfy { !$0.isRunning })
            #expect(stage.lines("coordinator.starts").count == 1 && stage.lines("expert.starts").count == 2)
        }
    }

    /// A role that ends before all are ready ends the others, in an orderly way, and is not started again.
    @Test func aRoleThatDoesNotComeUpEndsTheCluster() async throws {
        try await SupervisorStage.with { stage in
            let coordinator = """
                trap 'echo orderly >>"$0/coordinator.ends"; exit 0' TERM
                \(stage.serves)
                while :; do sleep 0.02; done
                """
            let supervisor = stage.start([stage.role("coordinator", coordinator), stage.role("expert", "exit 3")])
            let failure = await supervisor.failure()
            #expect(failure?.hasPrefix("the expert ended with code 3 before it was ready") == true, "\(failure ?? "")")
            #expect(stage.lines("coordinator.ends") == ["orderly"])
            #expect(stage.lines("expert.starts").count == 1)
            #expect(stage.recorded?.isReady == false)
            #expect(stage.recorded?.children.values.allSatisfy { !$0.isRunning } == true)
        }
    }

    /// Nodes join no coordinator but their own, so they are started behind it.
    @Test func nodesWaitForTheirCoordinator() async throws {
        try await SupervisorStage.with { stage in
            let coordinator = """
                sleep 0.3
                echo coordinator >>"$0/order"
                \(stage.serves)
                \(SupervisorStage.stays)
                """
            let node = "\(stage.serves)\n\(SupervisorStage.stays)"
            let supervisor = stage.start([
                stage.role("drafter", "echo node >>\"$0/order\"\n\(node)"),
                stage.role("coordinator", coordinator),
                stage.role("expert", "echo node >>\"$0/order\"\n\(node)"),
            ])
            try await waitUntil("it is ready") { stage.logged.contains("the cluster is ready") }
            #expect(stage.lines("order") == ["coordinator", "node", "node"])
            try await supervisor.end()
        }
    }

    /// Whoever answers in the place of the coordinator that was started is a stranger, and gets no nodes.
    @Test func aStrangersCoordinatorGetsNoNodes() async throws {
        try await SupervisorStage.with { stage in
            let own = stage.says(.serving(boot: stage.boot == 1 ? 2 : stage.boot - 1))
            let supervisor = stage.start([
                stage.role("coordinator", "\(own)\n\(SupervisorStage.stays)"),
                stage.role("expert", "\(stage.serves)\n\(SupervisorStage.stays)"),
            ])
            let failure = await supervisor.failure()
            #expect(failure?.hasPrefix("another coordinator answers at ipc://") == true, "\(failure ?? "")")
            #expect(stage.lines("expert.starts").isEmpty)
            #expect(stage.recorded?.isReady == false)
            #expect(stage.recorded?.children.values.allSatisfy { !$0.isRunning } == true)
        }
    }

    /// A node that serves another boot than the coordinator's is not ready.
    @Test func aNodeOfAnotherBootIsNotReady() async throws {
        try await SupervisorStage.with { stage in
            let other = stage.says(.serving(boot: stage.boot == 1 ? 2 : stage.boot - 1))
            let expert = """
                \(other)
                echo there >"$0/there"
                \(SupervisorStage.awaits("go"))
                \(stage.serves)
                \(SupervisorStage.stays)
                """
            let supervisor = stage.start([
                stage.role("coordinator", "\(stage.serves)\n\(SupervisorStage.stays)"), stage.role("expert", expert),
            ])
            try await waitUntil("it serves another") { !stage.lines("there").isEmpty }
            // Ten looks of the supervisor's: none of them may be content.
            try await Task.sleep(for: .milliseconds(200))
            #expect(stage.recorded?.isReady == false)
            try stage.give("go")
            try await waitUntil("it is ready") { stage.recorded?.isReady == true }
            try await supervisor.end()
        }
    }

    /// A node that an operator drained is not started again; the cluster goes on and starts what else ends.
    @Test func aDrainedNodeStaysAway() async throws {
        try await SupervisorStage.with { stage in
            let expert = """
                \(stage.serves)
                \(SupervisorStage.awaits("drain"))
                \(stage.says(.drained))
                exit 0
                """
            let supervisor = stage.start([
                stage.role("coordinator", "\(stage.serves)\n\(SupervisorStage.stays)"), stage.role("expert", expert),
            ])
            try await waitUntil("it is ready") { stage.recorded?.isReady == true }
            try stage.give("drain")
            try await waitUntil("it has left") { stage.logged.contains("expert was drained and has left") }
            stage.recorded?.children["coordinator"]?.signal(SIGKILL)
            try await waitUntil("the coordinator is back") { stage.lines("coordinator.starts").count == 2 }
            #expect(stage.lines("expert.starts").count == 1)
            #expect(stage.recorded?.troubles["expert"] == nil)
            try await supervisor.end()
        }
    }

    /// Who does not end when it is asked is killed after a while.
    @Test func whatDoesNotEndIsKilled() async throws {
        try await SupervisorStage.with { stage in
            let expert = "trap '' TERM\n\(stage.serves)\nwhile :; do sleep 0.02; done"
            let supervisor = stage.start(
                [
                    stage.role("coordinator", "\(stage.serves)\n\(SupervisorStage.stays)"),
                    stage.role("expert", expert),
                ],
                graceSeconds: 1
            )
            try await waitUntil("it is ready") { stage.recorded?.isReady == true }
            let children = try #require(stage.recorded?.children)
            try await supervisor.end()
            #expect(children["coordinator"]?.isRunning == false)
            try await waitUntil("it is gone") { children["expert"]?.isRunning == false }
        }
    }
}
