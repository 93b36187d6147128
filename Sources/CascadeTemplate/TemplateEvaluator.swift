/// Renders statements: one evaluator serves one rendering.
struct TemplateEvaluator {
    let macros: [TemplateMacro]
    var meter = TemplateMeter()
    /// What has been written to the output, or to the innermost captured text.
    var output = TemplateString()
    /// The attributes of each `namespace()`; values name them by index.
    var namespaces: [[String: TemplateValue]] = []

    /// What `strftime_now` reads.
    let clock: TemplateClock?

    private var scopes: [Scope]
    /// The scope of the innermost macro call; what lies between it and the template's own scope is hidden.
    private var base = 0

    /// The bodies of the calls that are under way.
    private var callers: [Caller] = []
    private var callerCount = 0

    /// The body of a `call`, and where it stands: what lies above those scopes is not for it to see.
    private struct Caller {
        let number: Int
        let body: Int
        let base: Int
        let depth: Int
    }

    private struct Scope {
        var values: [String: TemplateValue] = [:]
        var loop: TemplateLoop?
    }

    /// How a body ended.
    private enum Flow {
        case normal
        case leaveLoop
        case nextIteration
    }

    init(macros: [TemplateMacro], variables: [String: TemplateValue], clock: TemplateClock?) {
        self.macros = macros
        self.clock = clock
        scopes = [Scope(values: variables)]
    }

    /// The output of a whole template.
    mutating func render(_ body: [TemplateStatement]) throws(TemplateError) -> TemplateString {
        _ = try run(body)
        return output
    }

    // MARK: Statements

    private mutating func run(_ body: [TemplateStatement]) throws(TemplateError) -> Flow {
        try meter.enter()
        defer { meter.leave() }
        for statement in body {
            try meter.spend()
            let flow = try run(statement)
            guard flow == .normal else { return flow }
        }
        return .normal
    }

    private mutating func run(_ statement: TemplateStatement) throws(TemplateError) -> Flow {
        switch statement {
        case .text(let text):
            try meter.append(TemplateString(text), to: &output)
        case .output(let expression):
            let value = try evaluate(expression)
            do {
                try meter.append(try TemplatePrinter.text(of: value, &meter), to: &output)
            } catch {
                throw error.located(at: expression.position)
            }
        case .branch(let branches, let otherwise):
            for branch in branches {
                if try evaluate(branch.condition).isTrue { return try run(branch.body) }
            }
            return try run(otherwise)
        case .loop(let loop):
            return try run(loop)
        case .assign(let target, let expression):
            try assign(try evaluate(expression), to: target)
        case .capture(let target, let filters, let body):
            let (text, flow) = try captured(body)
            guard flow == .normal else { return flow }
            try assign(try apply(filters, to: .string(text)), to: target)
        case .filtered(let filters, let body):
            let (text, flow) = try captured(body)
            guard flow == .normal else { return flow }
            let value = try apply(filters, to: .string(text))
            try meter.append(try TemplatePrinter.text(of: value, &meter), to: &output)
        case .scope(let variables, let body):
            var values: [TemplateValue] = []
            for variable in variables { values.append(try evaluate(variable.value)) }
            scopes.append(Scope())
            for (variable, value) in zip(variables, values) { try assign(value, to: variable.target) }
            let flow = try run(body)
            scopes.removeLast()
            return flow
        case .call(let call):
            try run(call)
        case .macro(let index):
            set(macros[index].name, .object(TemplateObject(kind: .macro(index))))
        case .leaveLoop:
            return .leaveLoop
        case .nextIteration:
            return .nextIteration
        }
        return .normal
    }

    private mutating func run(_ loop: TemplateStatement.Loop) throws(TemplateError) -> Flow {
        let items = try located(at: loop.items.position, elements: try evaluate(loop.items))
        return try run(loop, over: items, depth: 0)
    }

    private mutating func run(
        _ loop: TemplateStatement.Loop,
        over all: [TemplateValue],
        depth: Int
    ) throws(TemplateError) -> Flow {
        var items = all
        if let filter = loop.filter {
            items = try filtered(items, filter, target: loop.target)
        }
        guard !items.isEmpty else { return try runInScope(loop.otherwise) }
        scopes.append(Scope(loop: TemplateLoop(loop, items: items, depth: depth, base: base)))
        let scope = scopes.count - 1
        iterations: for index in items.indices {
            try meter.spend()
            scopes[scope].values.removeAll(keepingCapacity: true)
            scopes[scope].loop?.index = index
            try assign(items[index], to: loop.target)
            if try run(loop.body) == .leaveLoop { break iterations }
        }
        scopes.removeLast()
        return .normal
    }

    /// `loop(items)`: what a recursive loop writes for other items, among the variables around it.
    mutating func callLoop(_ arguments: TemplateArguments) throws(TemplateError) -> TemplateValue {
        guard let index = currentLoopIndex, let loop = scopes[index].loop, let body = loop.recursion else {
            throw .evaluation("a loop that is not marked 'recursive' cannot be called")
        }
        guard let items = try arguments.bind("iterable")[0] else { throw .evaluation("loop needs a list") }
        try meter.enter()
        defer { meter.leave() }
        let elements = try TemplateOperators.elements(of: items, &meter)
        let (hidden, outerBase) = (scopes[index...], base)
        scopes.removeLast(hidden.count)
        base = loop.base
        var text = TemplateString()
        swap(&text, &output)
        _ = try run(body, over: elements, depth: loop.depth + 1)
        swap(&text, &output)
        base = outerBase
        scopes += hidden
        return .string(text)
    }

    private mutating func filtered(
        _ items: [TemplateValue],
        _ filter: TemplateExpression,
        target: TemplateStatement.Target
    ) throws(TemplateError) -> [TemplateValue] {
        var kept: [TemplateValue] = []
        scopes.append(Scope())
        for item in items {
            try meter.spend()
            try assign(item, to: target)
            if try evaluate(filter).isTrue {
                kept.append(item)
            }
        }
        scopes.removeLast()
        return kept
    }

    private mutating func runInScope(_ body: [TemplateStatement]) throws(TemplateError) -> Flow {
        scopes.append(Scope())
        let flow = try run(body)
        scopes.removeLast()
        return flow
    }

    /// The text that a body writes, in a scope of its own. An error ends the rendering, so nothing is restored then.
    private mutating func captured(_ body: [TemplateStatement]) throws(TemplateError) -> (
        text: TemplateString, flow: Flow
    ) {
        var text = TemplateString()
        swap(&text, &output)
        let flow = try runInScope(body)
        swap(&text, &output)
        return (text, flow)
    }

    private mutating func located(
        at position: TemplatePosition,
        elements value: TemplateValue
    ) throws(TemplateError) -> [TemplateValue] {
        do {
            return try TemplateOperators.elements(of: value, &meter)
        } catch {
            throw error.located(at: position)
        }
    }

    // MARK: Variables

    private mutating func set(_ name: String, _ value: TemplateValue) {
        scopes[scopes.count - 1].values[name] = value
    }

    private mutating func assign(
        _ value: TemplateValue,
        to target: TemplateStatement.Target
    ) throws(TemplateError) {
        switch target.kind {
        case .name(let name):
            set(name, value)
        case .attribute(let owner, let name):
            guard case .object(let object) = variable(owner), case .namespace(let index) = object.kind else {
                throw TemplateError.evaluation("'\(owner)' is no namespace").located(at: target.position)
            }
            namespaces[index][name] = value
        case .tuple(let targets):
            let elements = try located(at: target.position, elements: value)
            guard elements.count == targets.count else {
                throw TemplateError.evaluation("\(elements.count) values for \(targets.count) names")
                    .located(at: target.position)
            }
            for (element, target) in zip(elements, targets) {
                try assign(element, to: target)
            }
        }
    }

    /// The value of a name, from the innermost scope that has it.
    func variable(_ name: String) -> TemplateValue {
        for scope in scopes[base...].reversed() {
            if let value = scope.values[name] { return value }
            if name == "loop", let loop = scope.loop { return loop.value }
        }
        if let value = scopes[0].values[name] { return value }
        if let function = TemplateFunction(rawValue: name), function != .strftimeNow || clock != nil {
            return .object(TemplateObject(kind: .function(function)))
        }
        return .undefined("'\(name)' is undefined")
    }

    /// The state of the innermost loop, unless a variable of that name hides it.
    var currentLoop: TemplateLoop? { currentLoopIndex.flatMap { scopes[$0].loop } }

    /// The scope of that loop.
    private var currentLoopIndex: Int? {
        for index in scopes.indices[base...].reversed() {
            if scopes[index].values["loop"] != nil { return nil }
            if scopes[index].loop != nil { return index }
        }
        return nil
    }

    // MARK: Macros

    private mutating func run(_ call: TemplateStatement.Call) throws(TemplateError) {
        guard case .object(let object) = try evaluate(call.macro), case .macro(let index) = object.kind else {
            throw TemplateError.evaluation("'call' needs a macro").located(at: call.macro.position)
        }
        guard macros[index].takesCaller else {
            throw TemplateError.evaluation("\(macros[index].name) calls no 'caller'").located(at: call.macro.position)
        }
        let arguments = try evaluate(call.arguments)
        callerCount += 1
        callers.append(Caller(number: callerCount, body: call.body, base: base, depth: scopes.count))
        let caller = TemplateValue.object(TemplateObject(kind: .caller(callerCount)))
        let text = try self.call(macros[index], arguments, caller: caller)
        callers.removeLast()
        try meter.append(try TemplatePrinter.text(of: text, &meter), to: &output)
    }

    /// What the body of a `call` writes, among the variables of its place.
    mutating func call(
        caller number: Int,
        _ arguments: TemplateArguments
    ) throws(TemplateError) -> TemplateValue {
        // A loop that calls itself hides the scopes of the calls that are under way inside of it.
        guard let caller = callers.last(where: { $0.number == number }), caller.depth <= scopes.count else {
            throw .evaluation("the caller's call is over")
        }
        let hidden = scopes[caller.depth...]
        scopes.removeLast(hidden.count)
        let text = try call(macros[caller.body], arguments, base: caller.base)
        scopes += hidden
        return text
    }

    /// The text of a macro call; `visible` is the innermost scope that the macro sees beside the template's own, by
    /// default its own.
    mutating func call(
        _ macro: TemplateMacro,
        _ arguments: TemplateArguments,
        base visible: Int? = nil,
        caller: TemplateValue? = nil
    ) throws(TemplateError) -> TemplateValue {
        guard arguments.positional.count <= macro.parameters.count else {
            throw .evaluation("\(macro.name) takes at most \(macro.parameters.count) arguments")
        }
        try meter.enter()
        defer { meter.leave() }
        let outerBase = base
        scopes.append(Scope())
        base = visible ?? scopes.count - 1
        if let caller { set("caller", caller) }
        var rest = arguments.keyword
        for (index, parameter) in macro.parameters.enumerated() {
            if index < arguments.positional.count {
                set(parameter.name, arguments.positional[index])
            } else if let keyword = rest.firstIndex(where: { $0.name == parameter.name }) {
                set(parameter.name, rest.remove(at: keyword).value)
            } else if let fallback = parameter.fallback {
                set(parameter.name, try evaluate(fallback))
            } else {
                set(parameter.name, .undefined("the parameter '\(parameter.name)' was not given"))
            }
        }
        if let unknown = rest.first {
            throw .evaluation("\(macro.name) takes no argument '\(unknown.name)', or only once")
        }
        let text = try captured(macro.body).text
        scopes.removeLast()
        base = outerBase
        return .string(text)
    }
}
