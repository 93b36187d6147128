import CascadeTestSupport
import Foundation
import Testing

@testable import CascadeEval

struct CodeAnswerTests {
    private static let problem = HumanEvalProblem(
        taskID: "T/0",
        prompt: """
            import math

            def helper(x):
                return 2 * x


            def twice(x: int) -> int:
                \"\"\"Doubles x.\"\"\"

            """,
        entryPoint: "twice",
        test: "def check(candidate):\n    assert candidate(3) == helper(3)\n    assert math.sqrt(4) == 2\n"
    )

    private func code(_ answer: String) -> String { CodeAnswer.code(of: answer, entryPoint: "twice") }

    @Test(arguments: [
        // The first block that defines the entry point.
        ("Like so:\n```python\ndef twice(x):\n    return 2 * x\n```\nDone.", "def twice(x):\n    return 2 * x"),
        ("```\nno\n```\n```py\ndef twice (x): pass\n```\n```\ndef twice(y): pass\n```", "def twice (x): pass"),
        // A block without an end: the answer was cut.
        ("Sure!\n```python\ndef twice(x):\n    return 2", "def twice(x):\n    return 2"),
        // No block defines it: the first.
        ("```python\n    return 2 * x\n```\n```\nprint(1)\n```", "    return 2 * x"),
        ("```\ndef twice_more(x): pass\n# def twice(x): pass\n```", "def twice_more(x): pass\n# def twice(x): pass"),
        // No block at all.
        ("    return 2 * x\n", "    return 2 * x\n"),
        // The block was opened by the prompt.
        ("def twice(x):\n    return 2 * x\n```\nThis doubles.", "def twice(x):\n    return 2 * x\n"),
        // Longer fences, other marks, indentation, carriage returns, inline code.
        ("````\n```\ndef twice(x): pass\n````", "```\ndef twice(x): pass"),
        ("~~~python\ndef twice(x): pass\n~~~", "def twice(x): pass"),
        ("1. So:\n   ```python\n   def twice(x):\n       return x\n   ```\n", "def twice(x):\n    return x"),
        ("```python\r\ndef twice(x):\r\n    return x\r\n```\r\n", "def twice(x):\n    return x"),
        ("```x``` is it\n```\ndef twice(x): pass\n```", "def twice(x): pass"),
        ("```python\nasync def twice(x): pass\n```", "async def twice(x): pass"),
        ("", ""),
        ("```python", ""),
    ])
    func findsTheCode(answer: String, code expected: String) {
        #expect(code(answer) == expected)
    }

    @Test func keepsAWholeFunctionBehindThePromptsHelpers() {
        let program = CodeAnswer.program(
            problem: Self.problem,
            answer: "```python\ndef twice(x):\n    return x + x\n```"
        )
        #expect(
            program == "import math\n\ndef helper(x):\n    return 2 * x\n\n\n\ndef twice(x):\n    return x + x\n"
                + Self.problem.test + "\ncheck(twice)\n"
        )
    }

    @Test func continuesThePrompt() {
        let program = CodeAnswer.program(problem: Self.problem, answer: "    return 2 * x")
        #expect(program == Self.problem.prompt + "    return 2 * x\n" + Self.problem.test + "\ncheck(twice)\n")
    }

    @Test(arguments: [
        ("    return 2 * x", ProgramOutcome.passed),
        ("```python\n    return helper(x)\n```", .passed),
        ("```python\ndef twice(x):\n    return helper(x)\n```", .passed),
        ("```python\nfrom __future__ import annotations\n\ndef twice(x: Unknown):\n    return helper(x)\n```", .passed),
        // The answer's own helper stands later, and wins in the test, too.
        ("```python\ndef helper(x):\n    return 'a'\n\ndef twice(x):\n    return 'a'\n```", .passed),
        ("```python\ndef twice(x):\n    return x\n```", .failed(reason: "AssertionError")),
        (
            "```python\nimport sys\ndef twice(x):\n    sys.exit(0)\n```",
            .failed(reason: "it exited before its checks were done")
        ),
        ("```python\ndef twice(x):\n    return 2 *", .failed(reason: "SyntaxError: invalid syntax")),
        ("I cannot answer that.", .failed(reason: "SyntaxError: invalid syntax")),
        (
            """
            ```python
            def twice(x):
                return 2 * x

            if __name__ == '__main__':
                print(twice(int(input())))
            ```
            """,
            .passed
        ),
    ])
    func programsRun(answer: String, outcome: ProgramOutcome) async throws {
        let runner = try await Isolations.runner(unsafe: Isolations.kinds[0])
        let result = try await runner.run(CodeAnswer.program(problem: Self.problem, answer: answer))
        #expect(result == outcome)
    }
}

/// HumanEval itself, where it has been fetched to.
struct HumanEvalFileTests {
    private static var exists: Bool {
        Requirement.models.isSet
            || (try? HumanEvalProblem.fetchedFile()).map { FileManager.default.isReadableFile(atPath: $0.path) } == true
    }

    private static let forms: [(name: String, answer: @Sendable (HumanEvalProblem, String) -> String)] = [
        ("continuation", { _, solution in solution }),
        ("fenced function", { problem, solution in "Sure.\n```python\n\(problem.prompt)\(solution)```\nIt works." }),
        (
            "entry point alone",
            { problem, solution in
                let start = problem.prompt.range(of: "def \(problem.entryPoint)(")?.lowerBound
                return "```python\n\(problem.prompt[(start ?? problem.prompt.startIndex)...])\(solution)\n```"
            }
        ),
        ("fenced continuation", { _, solution in "Here it is:\n\n```python\n\(solution)```\n" }),
        ("fence without an end", { problem, solution in "```python\n\(problem.prompt)\(solution)" }),
    ]

    /// Canonical solutions pass in every form, and `pass` in their place does not.
    @Test(.enabled(if: exists, "HumanEval is not there: deploy/scripts/fetch-humaneval"), arguments: forms.indices)
    func canonicalSolutionsPass(form: Int) async throws {
        let problems = try HumanEvalProblem.load(HumanEvalProblem.fetchedFile())
        #expect(problems.count == 164)
        let runner = try await Isolations.runner(unsafe: Isolations.kinds[0])
        let answer = Self.forms[form].answer
        try await withThrowingTaskGroup(of: Void.self) { group in
            // The forms behind the first three differ from them in their fences only: a few problems show that.
            let few = form < 3 ? problems : problems.indices.filter { $0 % 16 == 0 }.map { problems[$0] }
            for (index, problem) in few.enumerated() {
                if index >= 4 { try await group.next() }
                group.addTask {
                    let solution = try #require(problem.canonicalSolution)
                    let right = CodeAnswer.program(problem: problem, answer: answer(problem, solution))
                    #expect(try await runner.run(right) == .passed, "\(problem.taskID)")
                    if form == 0 {
                        let wrong = CodeAnswer.program(problem: problem, answer: "    pass\n")
                        #expect(try await runner.run(wrong) != .passed, "\(problem.taskID)")
                    }
                }
            }
            try await group.waitForAll()
        }
    }
}
