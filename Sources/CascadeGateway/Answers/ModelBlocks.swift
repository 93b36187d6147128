import CascadeJSON

/// What `/v1/models` says.
enum ModelBlocks {
    /// All models.
    static func list(_ models: [ServedModel], created: Int) -> JSONValue {
        ["object": "list", "data": .array(models.map { model($0, created: created) })]
    }

    /// One of them.
    static func model(_ model: ServedModel, created: Int) -> JSONValue {
        [
            "id": .string(model.id), "object": "model", "created": .integer(created), "owned_by": "cascade",
            "max_model_len": .optional(model.contextLength),
            "cascade": [
                "rule": .string(model.rule), "alpha": .optional(model.alpha), "drafter": .optional(model.drafter),
                "expert": .optional(model.expert),
            ],
        ]
    }
}
