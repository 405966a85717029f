namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>A chat template can not be read, or refuses or fails to render a conversation.</summary>
public sealed class ChatTemplateException(string template, int line, string reason, Exception? inner = null)
    : Exception($"{template}, line {line}: {reason}", inner)
{
    /// <summary>Where the template comes from.</summary>
    public string Template { get; } = template;

    /// <summary>Line of the template, from 1.</summary>
    public int Line { get; } = line;

    /// <summary>What went wrong; for <c>raise_exception</c>, the template's own words.</summary>
    public string Reason { get; } = reason;
}
