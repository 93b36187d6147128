internal import CCascadeHost
internal import CascadeCore
internal import CascadeWorker
internal import Foundation
internal import Logging

/// ``EngineThread`` without an engine: the thread on which a synthetic node's passes run.
final class SyntheticThread: Sendable {
    private let role: NodeRole
    private let settings: SyntheticSettings
    private let maxBatchedTokens: Int
    private let pace: PromptPace
    private let mailbox: Mailbox

    init(_ configuration: NodeConfiguration, _ settings: SyntheticSettings, mailbox: Mailbox) {
        role = configuration.role
        self.settings = settings
        maxBatchedTokens = configuration.maxBatchedTokens
        pace = PromptPace(
            costs: settings.costs,
            maxInterTokenMilliseconds: configuration.maxInterTokenMilliseconds
        )
        self.mailbox = mailbox
    }

    /// Starts the thread; it ends with the mailbox.
    func start() {
        Thread.detachNewThread { [self] in
            csh_name_thread("synthetic")
            // Passes without a duration have no curve that anything could be decided by.
            mailbox.setEngineState(.ready(settings.costs.contains { $0.milliseconds > 0 } ? settings.costs : []))
            let runner = PassRunner(mailbox: mailbox, passMilliseconds: settings.costs.first?.milliseconds ?? 0)
            let model = SyntheticModel(role, settings)
            var worker = Worker(model: model, maxBatchedTokens: maxBatchedTokens, pace: pace)
            runner.serve(&worker)
        }
    }
}
