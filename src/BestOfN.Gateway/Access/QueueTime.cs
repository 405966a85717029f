namespace BestOfN.Gateway.Access;

/// <summary>How long a request waited for its turn; a feature of the request's context.</summary>
internal sealed record QueueTime(TimeSpan Value);
