namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>What a name or member without a value evaluates to: prints nothing, is false
/// and empty, and anything more is an error.</summary>
internal sealed record JinjaUndefined(string What);
