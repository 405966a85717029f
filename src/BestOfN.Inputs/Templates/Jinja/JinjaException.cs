namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>What went wrong inside a template; the place is added where it is known.</summary>
internal sealed class JinjaException(string reason) : Exception(reason);
