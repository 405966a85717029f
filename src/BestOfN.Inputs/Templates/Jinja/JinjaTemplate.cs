namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>A parsed template in the part of Jinja2 that chat templates use. Thread-safe.</summary>
/// <remarks>
/// Sandboxed: values are plain data without a way into the process, nothing a template is given can be changed by it, and steps,
/// nesting and text are bounded, so a template from anywhere ends and can not exhaust memory.
/// </remarks>
internal sealed class JinjaTemplate
{
    // The longest published templates have about 20,000 characters.
    private const int MaxSource = 1 << 20;
    private const int MaxReason = 1000;

    private readonly string _name;
    private readonly IReadOnlyList<JinjaStatement> _statements;

    /// <param name="name">Name of the template in errors.</param>
    /// <exception cref="ChatTemplateException">The source is not a template.</exception>
    public JinjaTemplate(string source, string name)
    {
        _name = name;
        if (source.Length > MaxSource)
        {
            throw new ChatTemplateException(name, 1, $"the template has {source.Length} characters; at most {MaxSource} are allowed");
        }

        var lexer = new JinjaLexer(source);
        List<JinjaToken> tokens;
        try
        {
            tokens = lexer.Read();
        }
        catch (JinjaException error)
        {
            throw new ChatTemplateException(name, lexer.Line, error.Message, error);
        }

        var parser = new JinjaParser(tokens);
        try
        {
            _statements = parser.Parse();
        }
        catch (JinjaException error)
        {
            throw new ChatTemplateException(name, parser.Line, error.Message, error);
        }
    }

    /// <exception cref="ChatTemplateException">The template fails or refuses.</exception>
    public string Render(IEnumerable<KeyValuePair<string, object?>> variables)
    {
        var interpreter = new JinjaInterpreter();
        try
        {
            return interpreter.Render(_statements, variables);
        }
        catch (Exception e) when (e is JinjaException || e.InnerException is JinjaException) // sorting wraps what its comparer throws
        {
            var reason = (e as JinjaException ?? e.InnerException!).Message;
            throw new ChatTemplateException(_name, interpreter.Line, reason.Length > MaxReason ? reason[..MaxReason] + "…" : reason, e);
        }
    }
}
