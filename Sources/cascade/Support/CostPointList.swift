internal import ArgumentParser
internal import CascadeCore

/// Milliseconds of a pass by its rows, such as `1:20,8:24,16:44`, or one number for all.
struct CostPointList: ExpressibleByArgument {
    /// In the order given.
    var points: [CostPoint]

    init?(argument: String) {
        points = []
        for part in argument.split(separator: ",", omittingEmptySubsequences: false) {
            let numbers = part.split(separator: ":", omittingEmptySubsequences: false)
            let rows = numbers.count == 1 ? 1 : UInt32(numbers[0])
            guard (1...2).contains(numbers.count), let rows,
                let milliseconds = DecimalNumber.value(numbers[numbers.count - 1])
            else {
                return nil
            }
            points.append(CostPoint(rows: rows, milliseconds: milliseconds))
        }
    }

    /// As the flag takes it.
    var defaultValueDescription: String { points.map { "\($0.rows):\($0.milliseconds)" }.joined(separator: ",") }
}
