namespace BestOfN.Protocols.OpenAI.Wire;

/// <summary>OpenAI's envelope.</summary>
public sealed record ApiErrorResponse(ApiError Error);
