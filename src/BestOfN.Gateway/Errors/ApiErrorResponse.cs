namespace BestOfN.Gateway.Errors;

/// <summary>OpenAI's envelope.</summary>
internal sealed record ApiErrorResponse(ApiError Error);
