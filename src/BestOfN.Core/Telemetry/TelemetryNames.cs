namespace BestOfN.Core.Telemetry;

/// <summary>Every name that leaves the process as telemetry. Those of the OpenTelemetry GenAI conventions are not yet stable, so they all stand here.</summary>
public static class TelemetryNames
{
    /// <summary>Meter and activity source.</summary>
    public const string Source = "BestOfN";

    public const string SelectionDuration = "bestofn.selection.duration";
    public const string ScoringDuration = "bestofn.scoring.duration";
    public const string Candidates = "bestofn.candidates";
    public const string Degradations = "bestofn.degradations";
    public const string Strategy = "bestofn.strategy";
    public const string CandidateStatus = "bestofn.candidate.status";
    public const string Degradation = "bestofn.degradation";
    public const string SelectActivity = "bestofn.select";

    public const string GenerationDuration = "gen_ai.client.operation.duration";
    public const string TokenUsage = "gen_ai.client.token.usage";
    public const string OperationName = "gen_ai.operation.name";
    public const string ProviderName = "gen_ai.provider.name";
    public const string RequestModel = "gen_ai.request.model";
    public const string RequestChoiceCount = "gen_ai.request.choice.count";
    public const string TokenType = "gen_ai.token.type";
    public const string EvaluationEvent = "gen_ai.evaluation.result";
    public const string EvaluationName = "gen_ai.evaluation.name";
    public const string EvaluationScore = "gen_ai.evaluation.score.value";
}
