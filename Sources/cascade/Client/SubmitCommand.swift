internal import ArgumentParser
internal import CascadeCore
internal import CascadeNode
internal import Foundation

/// `cascade submit`
struct SubmitCommand: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        commandName: "submit",
        abstract: "Submit a prompt and stream the answer.",
        discussion: """
            The answer goes to standard output, a one-line summary to standard error. Ctrl-C, SIGTERM, SIGHUP (a \
            closed terminal) and an output that nobody reads any more cancel the job; with --detach it runs on without \
            this command. Put '--' before a prompt that begins with '-'.

            EXAMPLES
              cascade submit "Write a function that reverses a list in Python."
              cascade submit --rule token-v3 --alpha 0.3 "…"
              cascade submit --temperature 0.8 --top-p 0.95 --seed 7 --max-tokens 200 "…"
              cascade submit --explain "…"                  colours: kept by the rule, written by the expert
              cascade submit --detach "…"                   prints the job's id; 'cascade watch ID' follows it
              cascade submit --deadline 30s "…"             what is there after 30 s is the answer, with exit code 124
              cascade submit --messages chat.json           with [{"role": "user", "content": "…"}, …] in the file
              cascade submit --logprobs 5 --json "…"        with the expert's likeliest tokens at each place
              cascade submit --json-object "…"              the answer is a JSON object
              cascade submit --json-schema person.json "…"  the answer is JSON as the schema in the file wants it
              cascade submit --grammar move.gbnf "…"        with e.g. root ::= [a-h] [1-8] "-" [a-h] [1-8] in the file
              cat prompt.txt | cascade submit --raw --json
              cascade submit -- "- item one"
            """
    )

    @Argument(help: "The prompt; '-' or nothing reads standard input.")
    var prompt: String?

    @Option(
        help: """
            Rule that decides which drafted tokens stand: \
            \(RuleSettings.Rule.allCases.map(\.rawValue).joined(separator: ", ")) (default: the coordinator's, which \
            is lossless unless its operator chose another).
            """
    )
    var rule: RuleSettings.Rule?

    @Option(
        parsing: .unconditional,
        help: """
            The rule's knob: higher keeps more of the draft, except for \(RuleSettings.Rule.tightened) \
            (default: the rule's own).
            """,
        transform: DecimalNumber.parse
    )
    var alpha: Double?

    @Option(
        parsing: .unconditional,
        help: "Softmax temperature; 0 is greedy (default: 0).",
        transform: DecimalNumber.parse
    )
    var temperature = 0.0

    @Option(help: "Maximum number of tokens in the answer.")
    var maxTokens = 512

    @Flag(help: "Wrap the prompt in the model's chat template (default if it has one).")
    var chat = false

    @Flag(help: "Send the prompt as it is.")
    var raw = false

    @Option(help: "The system prompt for the chat template.")
    var systemPrompt: String?

    @Option(
        help: ArgumentHelp(
            """
            A conversation in place of a prompt: a JSON file ('-' reads standard input) with an array of messages as \
            OpenAI's API has them (roles system, developer, user, assistant and tool; text; tool_calls), or an object \
            with "messages" and, if need be, "tools", "chat_template_kwargs" and "add_generation_prompt". The model's \
            chat template writes it out.
            """,
            valueName: "file"
        )
    )
    var messages: String?

    @Flag(
        help: """
            In a chat, read control tokens that are written in the prompt or system prompt, such as <|im_end|>, as \
            control tokens; without this option they are plain text. With --raw they always are control tokens.
            """
    )
    var parseSpecial = false

    @Option(help: "End the answer before this string; may be given several times.")
    var stop: [String] = []

    @Flag(
        help: """
            Show where each token came from: colours on a terminal; with --json, every number that the rule read.
            """
    )
    var explain = false

    @Option(
        help: ArgumentHelp(
            """
            With --json: print the expert's log probability and rank of each token, whatever rule let it stand, and so \
            many of the expert's likeliest tokens there, 0 to \(JobLimits.standard.logprobs).
            """,
            valueName: "count"
        )
    )
    var logprobs: UInt32?

    @Flag(help: "Wait for the end and print one JSON object.")
    var json = false

    @Flag(help: "Print the job's id as soon as the job is accepted, and return; the job runs on.")
    var detach = false

    @Option(help: "Which of your own jobs get room first: low, normal or high. Other owners' jobs are not affected.")
    var priority = Priority.normal

    @Option(
        help: ArgumentHelp(
            """
            End the job after this time, e.g. 500ms, 30s or 2m, counted from its acceptance; the answer so far is \
            kept, and the exit code is 124. A job whose first token could not come in time is refused at once \
            (default: no deadline).
            """,
            valueName: "time"
        ),
        transform: TimeSpan.parse
    )
    var deadline: UInt32?

    @OptionGroup var answer: AnswerOptions
    @OptionGroup(title: "Structured output") var structure: ConstraintOptions
    @OptionGroup(title: "Sampling") var sampling: SamplingOptions
    @OptionGroup(title: "Research") var research: ResearchOptions
    @OptionGroup(title: "Cluster") var cluster: SubmitClusterOptions

    func validate() throws {
        if chat, raw { throw ValidationError("--chat and --raw exclude each other") }
        if raw, systemPrompt != nil {
            throw ValidationError("--system-prompt needs the chat template, and --raw leaves it out")
        }
        if messages != nil {
            let others = [("a prompt", prompt != nil), ("--raw", raw), ("--system-prompt", systemPrompt != nil)]
            if let (other, _) = others.first(where: \.1) {
                throw ValidationError("--messages and \(other) exclude each other: the messages are the prompt")
            }
        }
        try Limits.checkAnswer(maxTokens)
        if alpha != nil, rule?.defaultAlpha == nil {
            let problem = rule.map { "rule \($0.rawValue) has no alpha" } ?? "--alpha is a rule's knob"
            throw ValidationError("\(problem); name another rule, e.g. --rule token-v3")
        }
        if explain, detach { throw ValidationError("--explain and --detach exclude each other") }
        let explained = JobLimits.standard.explainedTokens
        if explain, maxTokens > explained { throw ValidationError("--explain takes at most --max-tokens \(explained)") }
        if logprobs != nil, !json, !detach {
            throw ValidationError("--logprobs needs --json, or --detach and 'cascade watch --json' later")
        }
        if let problem = JobLimits.standard.problem(ofLogprobs: logprobs, maxTokens: UInt32(maxTokens)) {
            throw ValidationError("--logprobs: \(problem)")
        }
        for (knob, isGiven) in [(SecondKnob.delta, research.delta != nil), (.topN, research.topN != nil)]
        where isGiven && rule?.traits.second != knob {
            throw ValidationError("--\(knob.name) is a knob of rule \(knob.rule)")
        }
        if let problem = JobLimits.standard.problem(ofStops: stop.map { Array($0.utf8) }) {
            throw ValidationError("--stop: \(problem)")
        }
        let settings = sampling.settings(temperature: temperature)
        if let problem = settings.problem ?? (rule == nil ? nil : ruleSettings.problem(sampling: settings)) {
            throw ValidationError(problem)
        }
    }

    func run() async throws {
        let submit = try makeSubmit()
        try await cluster.endpoint.withClient(patience: cluster.timeout.value) { client in
            let interrupts = Interrupts(watchesOutput: !detach) { client.inject(.interrupted) }
            defer { withExtendedLifetime(interrupts) {} }
            if detach { return try await leave(submit, client) }
            var follower = AnswerFollower(client: client, submit: submit, patience: cluster.timeout.value)
            var printer = AnswerPrinter(
                endpoint: cluster.endpoint.endpoint,
                pool: cluster.pool,
                json: json,
                explains: explain,
                tellsLogprobs: logprobs != nil,
                options: answer,
                interrupts: interrupts
            )
            let report = try await follower.run { printer.show($0) }
            // An older coordinator reads past what it does not know; its report has what it did.
            if report.error == nil, report.sampling != submit.sampling {
                Output.note("cascade: the coordinator is older than this client and left penalties and bias out")
            }
            try printer.finish(report, explained: follower.explained)
        }
    }

    /// Prints the job's id and goes; the answer is asked for later.
    private func leave(_ submit: Submit, _ client: ClusterClient) async throws {
        let accepted = try await client.request(.submit(submit), seconds: cluster.timeout.value) { message in
            if case .accepted(let accepted) = message { accepted } else { nil }
        }
        if json { return try Output.json(Detached(jobId: accepted.job.description, seed: accepted.seed)) }
        try Output.line("\(accepted.job)")
        Output.note("cascade: 'cascade watch \(accepted.job)' follows it")
    }

    /// What `--detach --json` prints.
    private struct Detached: Encodable {
        var jobId: String
        var seed: UInt64
    }

    private var ruleSettings: RuleSettings {
        RuleSettings(
            rule: rule ?? .lossless,
            alpha: alpha,
            delta: research.delta ?? RuleSettings().delta,
            topN: research.topN ?? RuleSettings().topN,
            gate: research.gate,
            bonus: research.bonus,
            verifyMethod: research.verifyMethod,
            strictPrefixTokens: research.strictPrefixTokens,
            explains: explain
        )
    }

    private func makeSubmit() throws -> Submit {
        let conversation = try messages.map { file throws(CommandFailure) in try MessagesFile.read(file) }
        let submit = Submit(
            requestID: UInt64.random(in: 1...UInt64.max / 2),
            submitKey: Hash128(high: .random(in: 0...UInt64.max), low: .random(in: 0...UInt64.max)),
            pool: cluster.pool,
            prompt: conversation == nil ? Array(try PromptInput.read(prompt).utf8) : [],
            format: chat ? .chat : raw ? .raw : .automatic,
            system: systemPrompt.map { Array($0.utf8) },
            conversation: conversation,
            parsesSpecial: parseSpecial,
            localSeconds: LocalClock.seconds(),
            sampling: sampling.settings(temperature: temperature),
            rule: ruleSettings,
            usesDefaultRule: rule == nil,
            maxTokens: UInt32(maxTokens),
            stop: stop.map { Array($0.utf8) },
            seed: sampling.seed,
            draftLength: research.numSpeculativeTokens,
            drafterKind: research.drafterKind,
            draftMinimumConfidence: research.draftPMin,
            follow: !detach,
            priority: priority,
            deadlineMilliseconds: deadline,
            logprobs: logprobs,
            constraint: try structure.constraint()
        )
        if let problem = JobLimits.standard.problem(of: submit) { throw CommandFailure.refused(problem) }
        return submit
    }
}
