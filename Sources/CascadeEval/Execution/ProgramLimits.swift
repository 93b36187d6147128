/// What a program may use.
package struct ProgramLimits: Sendable, Equatable {
    /// Processor seconds of one process.
    package var processorSeconds: Int
    /// Wall-clock seconds from the program's first line on. More than the processor seconds by default: several
    /// programs share the cores, and how many must not decide which of them pass.
    package var wallSeconds: Double
    /// Bytes of address space of one process.
    package var memoryBytes: Int
    /// Bytes of one file, and of the whole throw-away folder where programs are isolated.
    package var fileBytes: Int
    /// Processes and threads at the same time, the program itself counted; looser without isolation.
    package var processes: Int

    /// Creates limits.
    package init(
        processorSeconds: Int = 10,
        wallSeconds: Double = 30,
        memoryBytes: Int = 1 << 30,
        fileBytes: Int = 16 << 20,
        processes: Int = 64
    ) {
        precondition(
            processorSeconds > 0 && wallSeconds > 0 && memoryBytes > 0 && fileBytes > 0 && processes > 0,
            "limits must be positive"
        )
        self.processorSeconds = processorSeconds
        self.wallSeconds = wallSeconds
        self.memoryBytes = memoryBytes
        self.fileBytes = fileBytes
        self.processes = processes
    }
}
