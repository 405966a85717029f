namespace BestOfN.Core.Telemetry;

/// <summary>
/// Every name that leaves the process as telemetry. Those of the OpenTelemetry GenAI conventions are not yet stable, so
/// they all stand here.
/// </summary>
public static class TelemetryNames
{
    /// <summary>Meter and activity source.</summary>
    public const string Source = "BestOfN";

    /// <summary>The default of <c>service.name</c>, and what provides the operations that we measure.</summary>
    public const string Service = "bestofn";

    public const string SelectActivity = "bestofn.select";
    public const string SelectionDuration = "bestofn.selection.duration";
    public const string SelectionMargin = "bestofn.selection.margin";
    public const string ScoringDuration = "bestofn.scoring.duration";
    public const string Candidates = "bestofn.candidates";
    public const string CandidateScore = "bestofn.candidate.score";
    public const string Degradations = "bestofn.degradations";

    // Metrics of the engines in process. The names that begin with a dot stand behind Scoring or Generation.
    public const string Scoring = "bestofn.scoring";
    public const string Generation = "bestofn.generation";
    public const string ScoringTokens = "bestofn.scoring.tokens";
    public const string TokensPerPass = "bestofn.scoring.pass.tokens";
    public const string ScoringQueueLength = "bestofn.scoring.queue.length";
    public const string PromptCacheSize = "bestofn.scoring.prompt_cache.size";
    public const string PromptCacheLookups = "bestofn.scoring.prompt_cache.lookups";
    public const string PromptCacheEvictions = "bestofn.scoring.prompt_cache.evictions";
    public const string PromptCacheTokens = "bestofn.scoring.prompt_cache.tokens";
    public const string Pictures = ".pictures";
    public const string PictureCacheSize = ".picture_cache.size";
    public const string PictureCacheLookups = ".picture_cache.lookups";
    public const string PictureCacheEvictions = ".picture_cache.evictions";

    // Tags. Their values are few: configured names, statuses, kinds; never anything that a client wrote.
    /// <summary>Name of the model in the configuration.</summary>
    public const string Model = "bestofn.model";

    /// <summary>Name of the reward model in the configuration.</summary>
    public const string RewardModel = "bestofn.reward_model";

    /// <summary>Rule that chooses: <c>first</c>, <c>majority_vote</c>, <c>reward</c> or <c>weighted_vote</c>.</summary>
    public const string Strategy = "bestofn.strategy";

    /// <summary>
    /// What became of a request: <c>answered</c>, <c>degraded</c> (answered with less than was asked for), <c>refused</c>
    /// (the client's mistake), <c>failed</c>, <c>abandoned</c> (the client hung up).
    /// </summary>
    public const string Outcome = "bestofn.outcome";

    /// <summary>
    /// What became of a candidate: <c>Scored</c>, <c>Finished</c> (complete, but not scored), <c>Partial</c>, <c>Failed</c>,
    /// <c>Cancelled</c>.
    /// </summary>
    public const string CandidateStatus = "bestofn.candidate.status";

    /// <summary>What was lost, as in the field <c>degraded</c> of an answer, without the number of the candidate.</summary>
    public const string Degradation = "bestofn.degradation";

    /// <summary><c>computed</c> in a pass, or <c>reused</c> because an earlier pass had read them.</summary>
    public const string TokenSource = "bestofn.token.source";

    /// <summary>What a look into a cache found: <c>hit</c>, <c>partial</c> (the beginning of a prompt) or <c>miss</c>.</summary>
    public const string Result = "bestofn.result";

    // OpenTelemetry's own.
    public const string GenerationDuration = "gen_ai.client.operation.duration";
    public const string FirstToken = "gen_ai.server.time_to_first_token";
    public const string TokenUsage = "gen_ai.client.token.usage";

    /// <summary>Always <c>chat</c>.</summary>
    public const string OperationName = "gen_ai.operation.name";

    /// <summary>Always <c>bestofn</c>.</summary>
    public const string ProviderName = "gen_ai.provider.name";

    /// <summary>Name of the model that computes: the upstream's name for it, or the configured one.</summary>
    public const string RequestModel = "gen_ai.request.model";
    public const string RequestChoiceCount = "gen_ai.request.choice.count";
    public const string InputTokens = "gen_ai.usage.input_tokens";
    public const string OutputTokens = "gen_ai.usage.output_tokens";

    /// <summary><c>input</c> (prompt) or <c>output</c> (answers).</summary>
    public const string TokenType = "gen_ai.token.type";
    public const string EvaluationEvent = "gen_ai.evaluation.result";
    public const string EvaluationName = "gen_ai.evaluation.name";
    public const string EvaluationScore = "gen_ai.evaluation.score.value";

    /// <summary>
    /// Why there is no answer: <c>invalid_request</c>, <c>unreadable_input</c>, <c>overloaded</c>, <c>unavailable</c>, <c>timeout</c>,
    /// <c>upstream</c>, <c>internal</c>, or the name of an error in the source.
    /// </summary>
    public const string ErrorType = "error.type";
}
