using BestOfN.Core.Selection;

namespace BestOfN.Core.Telemetry;

/// <summary>Every name that leaves the process as telemetry. Those of the OpenTelemetry GenAI conventions are not yet stable, so they all stand here.</summary>
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

    // What the engines in process report. Scoring and Generation begin the names of what both have.
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
    public const string Model = "bestofn.model";
    public const string RewardModel = "bestofn.reward_model";
    public const string Strategy = "bestofn.strategy";
    public const string Outcome = "bestofn.outcome";
    public const string CandidateStatus = "bestofn.candidate.status";
    public const string Degradation = "bestofn.degradation";
    public const string TokenSource = "bestofn.token.source";
    public const string Result = "bestofn.result";

    // OpenTelemetry's own.
    public const string GenerationDuration = "gen_ai.client.operation.duration";
    public const string TokenUsage = "gen_ai.client.token.usage";
    public const string OperationName = "gen_ai.operation.name";
    public const string ProviderName = "gen_ai.provider.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string RequestChoiceCount = "gen_ai.request.choice.count";
    public const string InputTokens = "gen_ai.usage.input_tokens";
    public const string OutputTokens = "gen_ai.usage.output_tokens";
    public const string TokenType = "gen_ai.token.type";
    public const string EvaluationEvent = "gen_ai.evaluation.result";
    public const string EvaluationName = "gen_ai.evaluation.name";
    public const string EvaluationScore = "gen_ai.evaluation.score.value";
    public const string ErrorType = "error.type";
}
