/// Everything that processes say to each other. `CascadeWire` turns it into frames and back.
package enum Message: Equatable, Sendable {
    /// A node asks to join.
    case hello(Hello)
    /// A node can take work.
    case ready(Ready)
    /// A node's heartbeat.
    case pong(Pong)
    /// A part of an expert's tokenizer block.
    case tokenizerChunk(TokenizerChunk)
    /// A drafter's answer.
    case drafted(Drafted)
    /// An expert's answer.
    case verified(Verified)
    /// A node lacks what a request stands on.
    case missing(Missing)
    /// A node could not carry out one request.
    case failed(Failed)
    /// A node leaves.
    case goodbye(Goodbye)
    /// A node is taken in.
    case welcome(Welcome)
    /// A node or a request is refused.
    case refused(Refused)
    /// The coordinator's heartbeat.
    case ping(Ping)
    /// Work for a drafter.
    case draft(Draft)
    /// Work for an expert.
    case verify(Verify)
    /// A sequence is finished.
    case release(Release)
    /// A node shall leave.
    case drain(Drain)
    /// A client's job.
    case submit(Submit)
    /// A client wants deltas.
    case watch(Watch)
    /// A client wants a job to end.
    case cancel(Cancel)
    /// A client wants several jobs to end.
    case cancelJobs(CancelJobs)
    /// A client asks for a status.
    case statusRequest(StatusRequest)
    /// A client asks for jobs.
    case jobsRequest(JobsRequest)
    /// A client asks for nodes.
    case nodesRequest(NodesRequest)
    /// An operator wants a node to leave.
    case drainNode(DrainNode)
    /// A job exists.
    case accepted(Accepted)
    /// A piece of an answer.
    case delta(Delta)
    /// A job has ended.
    case finished(Finished)
    /// Several jobs have ended.
    case jobsCancelled(JobsCancelled)
    /// Jobs.
    case jobList(JobList)
    /// Nodes.
    case nodeList(NodeList)
    /// The cluster's status.
    case clusterStatus(ClusterStatus)
}
