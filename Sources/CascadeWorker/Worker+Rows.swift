import CascadeConstraint
import CascadeCore

extension Worker {
    /// The output rows that a request asked for, as penalties, bias and the constraint's mask leave them, in this order
    /// (decisions.md 8d): a function of the tokens before each, drafted ones included, so that it does not matter who
    /// judges them, when, and how often. Nil where the constraint leaves no token of the model's head at a row.
    static func rows(
        _ task: Work,
        _ entry: Int,
        _ model: Model,
        _ seams: Seams,
        _ constraints: inout ConstraintTable
    ) throws(ForwardError) -> [Model.Row]? {
        var rows: [Model.Row] = []
        for index in 0..<task.outputs { rows.append(try model.row(index, of: entry)) }
        guard task.spec.sampling.adjustsLogits || task.spec.constraint != nil else { return rows }
        let tokens = model.tokens(in: task.cache)
        // Behind the first row stand those that the others are for.
        let first = tokens.count - (task.outputs - 1)
        adjust(&rows, task, tokens, first: first, seams)
        guard let constraint = task.spec.constraint else { return rows }
        let masks = try constraints.masks(
            constraint,
            of: task.request.fence.sequence,
            promptLength: task.spec.promptLength,
            ConstraintTable.Rows(
                tokens: tokens,
                first: first,
                count: rows.count,
                base: Int(task.request.prefix.baseLength),
                seesDrafted: seams.masksDrafted,
                hash: { model.hash(ofFirst: $0, in: task.cache) }
            ),
            vocabulary: model.constraintVocabulary
        )
        for (index, mask) in masks.enumerated() {
            guard let mask else { break }
            guard let row = rows[index].masked(by: mask) else { return nil }
            rows[index] = row
        }
        return rows
    }

    /// Has penalties and bias adjust the rows, the first of which stands behind `first` of the tokens.
    private static func adjust(_ rows: inout [Model.Row], _ task: Work, _ tokens: [Token], first: Int, _ seams: Seams) {
        let seen = seams.penalisesDrafted ? first : Int(task.request.prefix.baseLength)
        let (prefix, prompt) = (tokens[..<min(seen, first)], task.spec.promptLength)
        guard var adjustment = LogitsAdjustment(task.spec.sampling, prefix: prefix, promptLength: prompt) else {
            return
        }
        for index in rows.indices {
            if index > 0, seams.penalisesDrafted { adjustment.append(tokens[first + index - 1]) }
            rows[index] = rows[index].adjusted(by: adjustment)
        }
    }
}
