internal import CCascadeProto
internal import CascadeCore

extension OwnerStatus: WireConvertible {
    init(decoding proto: Cascade__V1__OwnerStatus, from reader: FieldReader) throws(WireError) {
        var usage = OwnerUsage()
        usage.jobs = try reader.counter(proto.has_finished_jobs, proto.finished_jobs, "finished_jobs")
        usage.promptTokens = try reader.counter(proto.has_prompt_tokens, proto.prompt_tokens, "prompt_tokens")
        usage.completionTokens = try reader.counter(
            proto.has_completion_tokens,
            proto.completion_tokens,
            "completion_tokens"
        )
        usage.rounds = try reader.counter(proto.has_rounds, proto.rounds, "rounds")
        usage.draftedRounds = try reader.counter(proto.has_drafted_rounds, proto.drafted_rounds, "drafted_rounds")
        self.init(
            name: try reader.name(proto.has_name, proto.name, "name"),
            weight: try reader.count(proto.has_weight, proto.weight, "weight"),
            queuedJobs: try reader.count(proto.has_queued_jobs, proto.queued_jobs, "queued_jobs"),
            runningJobs: try reader.count(proto.has_running_jobs, proto.running_jobs, "running_jobs"),
            usage: usage
        )
    }

    func encode(to writer: inout FieldWriter) -> Cascade__V1__OwnerStatus {
        var proto = Cascade__V1__OwnerStatus()
        cascade__v1__owner_status__init(&proto)
        put(&proto.has_name, &proto.name, writer.text(name))
        put(&proto.has_weight, &proto.weight, weight)
        put(&proto.has_queued_jobs, &proto.queued_jobs, queuedJobs)
        put(&proto.has_running_jobs, &proto.running_jobs, runningJobs)
        put(&proto.has_finished_jobs, &proto.finished_jobs, usage.jobs)
        put(&proto.has_prompt_tokens, &proto.prompt_tokens, usage.promptTokens)
        put(&proto.has_completion_tokens, &proto.completion_tokens, usage.completionTokens)
        put(&proto.has_rounds, &proto.rounds, usage.rounds)
        put(&proto.has_drafted_rounds, &proto.drafted_rounds, usage.draftedRounds)
        return proto
    }
}
