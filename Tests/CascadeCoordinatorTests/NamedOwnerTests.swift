import CascadeCore
import Testing

@testable import CascadeCoordinator

/// Owners whom a gateway names: each sees its own jobs, and nobody but a gateway names any (decisions.md 25).
@Suite struct NamedOwnerTests {
    /// What is answered to a message.
    private static func answer(
        _ harness: inout Harness,
        _ message: Message,
        from peer: PeerID = PeerID(Array("front".utf8)),
        by principal: Principal = .gateway
    ) -> Message? {
        harness.inbox[peer] = nil
        harness.feed(message, from: peer, by: principal)
        return harness.messages(peer).last
    }

    private static func submit(
        _ harness: inout Harness,
        _ prompt: String,
        for owner: String?,
        by principal: Principal = .gateway
    ) throws -> JobID {
        var submit = harness.submission(prompt)
        submit.onBehalfOf = owner
        let job = harness.submit(submit, by: principal)
        return try #require(job)
    }

    private static func list(
        _ harness: inout Harness,
        for owner: String?,
        _ scope: JobScope = .all,
        by principal: Principal = .gateway
    ) -> [JobSummary]? {
        let request = JobsRequest(requestID: 5, limit: 10, scope: scope, onBehalfOf: owner)
        guard case .jobList(let list) = answer(&harness, .jobsRequest(request), by: principal) else { return nil }
        return list.jobs
    }

    @Test(arguments: [Principal.gateway, .anybody])
    func eachOwnerSeesItsOwn(_ principal: Principal) throws {
        var harness = Harness()
        let anna = try Self.submit(&harness, "anna's", for: "anna", by: principal)
        let berta = try Self.submit(&harness, "berta's", for: "berta", by: principal)
        let seen = try #require(Self.list(&harness, for: "anna", by: principal))
        #expect(seen.map(\.job) == [anna] && seen.map(\.promptBeginning) == ["anna's"])
        #expect(seen.map(\.owner) == [principal == .anybody ? "anna" : "front/anna"])
        #expect(Self.list(&harness, for: "anna", .owner("front/berta"), by: principal) == [])
        #expect(Self.list(&harness, for: "carla", by: principal) == [])
        // The gateway itself follows all that it was asked for.
        #expect(Self.list(&harness, for: nil, by: principal)?.map(\.job) == [berta, anna])

        let cancel = CancelJobs(requestID: 6, selection: .jobs([anna, berta]), onBehalfOf: "anna")
        guard case .jobsCancelled(let cancelled)? = Self.answer(&harness, .cancelJobs(cancel), by: principal) else {
            Issue.record("no answer to cancel")
            return
        }
        #expect(cancelled.cancelled == [anna] && cancelled.unknown == [berta])
        let all = CancelJobs(requestID: 7, selection: .scope(.all), onBehalfOf: "anna")
        guard case .jobsCancelled(let none)? = Self.answer(&harness, .cancelJobs(all), by: principal) else {
            Issue.record("no answer to cancel")
            return
        }
        #expect(none.cancelled.isEmpty && harness.machine.jobs[berta] != nil)

        let status = StatusRequest(requestID: 8, job: berta, onBehalfOf: "anna")
        guard case .refused(let refused)? = Self.answer(&harness, .statusRequest(status), by: principal) else {
            Issue.record("berta's job was told of")
            return
        }
        #expect(refused.code == .unknownJob)
    }

    @Test(arguments: [Principal.member, .administrator])
    func nobodyButAGatewayNamesOwners(_ principal: Principal) throws {
        var harness = Harness()
        let job = try Self.submit(&harness, "anna's", for: "anna")
        var submit = harness.submission("mine")
        submit.onBehalfOf = "anna"
        let requests: [Message] = [
            .submit(submit),
            .jobsRequest(JobsRequest(requestID: 5, limit: 10, onBehalfOf: "anna")),
            .statusRequest(StatusRequest(requestID: 5, job: job, onBehalfOf: "anna")),
            .cancelJobs(CancelJobs(requestID: 5, selection: .jobs([job]), onBehalfOf: "anna")),
        ]
        for request in requests {
            guard case .refused(let refused)? = Self.answer(&harness, request, by: principal) else {
                Issue.record("\(request) was answered")
                continue
            }
            #expect(refused.code == .forbidden && refused.requestID == request.onBehalfOf?.requestID)
        }
        #expect(harness.machine.jobs.count == 1 && harness.machine.jobs[job] != nil)
        // Another key's owner has the name, but not the gateway's.
        #expect(harness.machine.state(of: job, for: .stranger) == nil)
        let namesake = Principal(owner: JobOwner(name: "anna", key: "anna's key"), isAdmin: false)
        #expect(harness.machine.state(of: job, for: namesake) == nil)
    }

    @Test(arguments: ["", "a/b", "ä", "a b", String(repeating: "a", count: 65)])
    func whatIsNoNameIsRefused(_ name: String) {
        var harness = Harness()
        let request = JobsRequest(requestID: 5, limit: 10, onBehalfOf: name)
        for principal in [Principal.gateway, .anybody] {
            guard case .refused(let refused)? = Self.answer(&harness, .jobsRequest(request), by: principal) else {
                Issue.record("'\(name)' was taken")
                continue
            }
            #expect(refused.code == .forbidden)
        }
    }

    /// The limits of the gateway's key hold for each owner, and a key that is revoked takes all of them with it.
    @Test func limitsAndRevocationAreThoseOfTheKey() throws {
        var harness = Harness()
        var front = Principal.gateway
        front.limits.maxJobs = 1
        let anna = try Self.submit(&harness, "one", for: "anna", by: front)
        var second = harness.submission("two")
        second.onBehalfOf = "anna"
        guard case .refused(let refused)? = Self.answer(&harness, .submit(second), by: front) else {
            Issue.record("a second job was taken")
            return
        }
        #expect(refused.code == .overloaded && refused.message.contains("front/anna"))
        let berta = try Self.submit(&harness, "one", for: "berta", by: front)
        harness.feed(.keysKnown([front]))
        #expect(harness.machine.jobs[anna] != nil && harness.machine.jobs[berta] != nil)
        harness.feed(.keysKnown([.member]))
        #expect(harness.machine.jobs.count == 0)
    }

    /// Names alone take no memory: owners without jobs are forgotten.
    @Test func manyNamesAreNotKept() throws {
        var limits = Harness.fixed
        (limits.owners, limits.queuedJobs) = (8, 1)
        var harness = Harness(limits: limits)
        let waiting = try Self.submit(&harness, "fills the queue", for: nil, by: .member)
        for number in 0..<200 {
            var submit = harness.submission("x")
            submit.onBehalfOf = "owner-\(number)"
            _ = Self.answer(&harness, .submit(submit))
            #expect(harness.machine.jobs.owners.count <= 9)
        }
        #expect(harness.machine.jobs.count == 1 && harness.machine.jobs[waiting] != nil)
        #expect(harness.machine.jobs.owners["team"]?.jobs == 1)
    }
}
