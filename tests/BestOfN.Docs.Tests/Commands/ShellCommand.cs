using System.Text;

namespace BestOfN.Docs.Tests.Commands;

/// <summary>One command of a shell block.</summary>
/// <param name="Place">Where it stands.</param>
/// <param name="Words">Its words, without quotes and comments.</param>
internal sealed record ShellCommand(string Place, IReadOnlyList<string> Words)
{
    public string Program => Words[0];

    public override string ToString() => $"{Place}: {string.Join(' ', Words)}";

    /// <summary>
    /// Takes a text apart as a shell does: words, quotes, comments and pipes. A backslash at the end of a line continues it.
    /// </summary>
    public static IEnumerable<ShellCommand> Parse(string text, string place)
    {
        List<string> words = [];
        var word = new StringBuilder();
        var (isWord, quote) = (false, '\0');
        for (var i = 0; i <= text.Length; i++)
        {
            var c = i < text.Length ? text[i] : '\n';
            if (quote != '\0')
            {
                _ = c == quote ? word : word.Append(c);
                quote = c == quote ? '\0' : quote;
            }
            else if (c is '\'' or '"')
            {
                (quote, isWord) = (c, true);
            }
            else if (c == '\\' && i + 1 < text.Length && text[i + 1] == '\n')
            {
                i++;
            }
            else if (char.IsWhiteSpace(c) || c is '|' or ';' || (c == '#' && !isWord))
            {
                if (isWord)
                {
                    words.Add(word.ToString());
                }

                word.Clear();
                isWord = false;
                if (c == '#')
                {
                    i = text.IndexOf('\n', i) is var end and >= 0 ? end : text.Length;
                    c = '\n';
                }

                if (c is '\n' or '|' or ';' && words.Count > 0)
                {
                    yield return new(place, words);
                    words = [];
                }
            }
            else
            {
                word.Append(c);
                isWord = true;
            }
        }
    }
}
