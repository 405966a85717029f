namespace BestOfN.LLama.Models;

/// <summary>Cuts a text so that no stretch without blanks, or of blanks alone, is long.</summary>
/// <remarks>
/// llama.cpp searches for words with std::regex, which calls itself for every character of a word: a word of a hundred thousand letters
/// overflows the stack and ends the process. Only vocabularies whose words it finds by code of its own are free of that.
/// </remarks>
internal static class LongRuns
{
    private const int Longest = 4096;
    private const int Window = 512;

    private static readonly HashSet<string> s_ownCode = ["gpt-2", "llama-bpe", "qwen2"];

    /// <param name="model">The field <c>tokenizer.ggml.model</c>.</param>
    /// <param name="pre">The field <c>tokenizer.ggml.pre</c>.</param>
    public static bool AreHarmful(string? model, string? pre) => model == "gpt2" && !(pre is not null && s_ownCode.Contains(pre));

    /// <returns>The text in pieces; one piece where it has no long stretch.</returns>
    public static IEnumerable<string> Cut(string text)
    {
        var (begin, run) = (0, 0);
        for (var i = 0; i < text.Length; i++)
        {
            run = i > 0 && char.IsWhiteSpace(text[i]) == char.IsWhiteSpace(text[i - 1]) ? run + 1 : 1;
            if (run <= Longest)
            {
                continue;
            }

            var end = Border(text, i);
            yield return text[begin..end];
            (begin, run) = (end, i - end + 1);
        }

        yield return text[begin..];
    }

    // Before a mark behind a letter, if there is one near: words end there in any case. Never between the halves of a pair.
    private static int Border(string text, int at)
    {
        for (var i = at; i > at - Window; i--)
        {
            if (char.IsLetterOrDigit(text[i - 1]) && (char.IsPunctuation(text[i]) || char.IsSymbol(text[i])))
            {
                return i;
            }
        }

        return char.IsLowSurrogate(text[at]) ? at - 1 : at;
    }
}
