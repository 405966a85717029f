namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Value of an unknown name or member: it prints nothing, is false
/// and empty, and any other use is an error.</summary>
internal sealed record JinjaUndefined(string What);
