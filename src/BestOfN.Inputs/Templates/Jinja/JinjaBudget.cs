namespace BestOfN.Inputs.Templates.Jinja;

/// <summary>Limits of one rendering, so that no template can hang the process or use up its memory.</summary>
/// <remarks>A step is about a tenth of a microsecond or a hundred bytes. Work is charged before it is
/// done, for text that is made as for text that is only searched.</remarks>
internal sealed class JinjaBudget
{
    public const int MaxText = 1 << 24;
    private const int MaxSteps = 10_000_000;
    private const int MaxDepth = 200;
    private const int CharactersPerStep = 16;

    private long _steps;
    private int _depth;

    public void Spend(long steps = 1)
    {
        if ((_steps += steps) > MaxSteps)
        {
            throw new JinjaException("the template takes too many steps");
        }
    }

    /// <summary>Accounts for a text that was made or searched.</summary>
    public string Text(string text)
    {
        Characters(text.Length);
        return text;
    }

    /// <summary>Accounts for a text before it is made or looked through.</summary>
    public void Characters(long count)
    {
        if (count > MaxText)
        {
            throw new JinjaException("the template makes too long a text");
        }

        Spend(1 + count / CharactersPerStep);
    }

    /// <summary>Accounts for a search: at every place where the part seems to begin, much of it may be compared.</summary>
    public void Search(string text, string part)
    {
        Characters(text.Length);
        if (part.Length <= text.Length)
        {
            Spend(text.Length / CharactersPerStep * (long)(part.Length / 64));
        }
    }

    public void Enter()
    {
        if (++_depth > MaxDepth)
        {
            throw new JinjaException("the template nests too deeply");
        }
    }

    public void Leave() => _depth--;
}
