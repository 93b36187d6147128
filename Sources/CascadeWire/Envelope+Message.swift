internal import CCascadeProto
internal import CascadeCore

extension Cascade__V1__Envelope {
    /// Puts `message` into its field; its parts go to `writer`.
    mutating func insert(_ message: Message, writer: inout FieldWriter) {
        switch message {
        case .hello(let body): hello = writer.message(body)
        case .welcome(let body): welcome = writer.message(body)
        case .refused(let body): refused = writer.message(body)
        case .tokenizerChunk(let body): tokenizer_chunk = writer.message(body)
        case .ready(let body): ready = writer.message(body)
        case .ping(let body): ping = writer.message(body)
        case .pong(let body): pong = writer.message(body)
        case .drain(let body): drain = writer.message(body)
        case .goodbye(let body): goodbye = writer.message(body)
        case .draft(let body): draft = writer.message(body)
        case .drafted(let body): drafted = writer.message(body)
        case .verify(let body): verify = writer.message(body)
        case .verified(let body): verified = writer.message(body)
        case .missing(let body): missing = writer.message(body)
        case .failed(let body): failed = writer.message(body)
        case .release(let body): release = writer.message(body)
        case .submit(let body): submit = writer.message(body)
        case .accepted(let body): accepted = writer.message(body)
        case .watch(let body): watch = writer.message(body)
        case .cancel(let body): cancel = writer.message(body)
        case .delta(let body): delta = writer.message(body)
        case .finished(let body): finished = writer.message(body)
        case .statusRequest(let body): status_request = writer.message(body)
        case .jobsRequest(let body): jobs_request = writer.message(body)
        case .nodesRequest(let body): nodes_request = writer.message(body)
        case .jobList(let body): job_list = writer.message(body)
        case .nodeList(let body): node_list = writer.message(body)
        case .clusterStatus(let body): cluster_status = writer.message(body)
        case .drainNode(let body): drain_node = writer.message(body)
        case .cancelJobs(let body): cancel_jobs = writer.message(body)
        case .jobsCancelled(let body): jobs_cancelled = writer.message(body)
        }
    }

    /// The message of a kind.
    func message(_ kind: MessageKind, _ reader: FieldReader) throws(WireError) -> Message {
        switch kind {
        case .hello: .hello(try reader.body(hello))
        case .welcome: .welcome(try reader.body(welcome))
        case .refused: .refused(try reader.body(refused))
        case .tokenizerChunk: .tokenizerChunk(try reader.body(tokenizer_chunk))
        case .ready: .ready(try reader.body(ready))
        case .ping: .ping(try reader.body(ping))
        case .pong: .pong(try reader.body(pong))
        case .drain: .drain(try reader.body(drain))
        case .goodbye: .goodbye(try reader.body(goodbye))
        case .draft: .draft(try reader.body(draft))
        case .drafted: .drafted(try reader.body(drafted))
        case .verify: .verify(try reader.body(verify))
        case .verified: .verified(try reader.body(verified))
        case .missing: .missing(try reader.body(missing))
        case .failed: .failed(try reader.body(failed))
        case .release: .release(try reader.body(release))
        case .submit: .submit(try reader.body(submit))
        case .accepted: .accepted(try reader.body(accepted))
        case .watch: .watch(try reader.body(watch))
        case .cancel: .cancel(try reader.body(cancel))
        case .delta: .delta(try reader.body(delta))
        case .finished: .finished(try reader.body(finished))
        case .statusRequest: .statusRequest(try reader.body(status_request))
        case .jobsRequest: .jobsRequest(try reader.body(jobs_request))
        case .nodesRequest: .nodesRequest(try reader.body(nodes_request))
        case .jobList: .jobList(try reader.body(job_list))
        case .nodeList: .nodeList(try reader.body(node_list))
        case .clusterStatus: .clusterStatus(try reader.body(cluster_status))
        case .drainNode: .drainNode(try reader.body(drain_node))
        case .cancelJobs: .cancelJobs(try reader.body(cancel_jobs))
        case .jobsCancelled: .jobsCancelled(try reader.body(jobs_cancelled))
        }
    }
}
