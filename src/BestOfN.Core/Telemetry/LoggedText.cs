using System.Text;

namespace BestOfN.Core.Telemetry;

/// <summary>
/// Words of users, models, servers and files, made fit for a log: they cannot begin a line of their own or speak to a terminal.
/// </summary>
public static class LoggedText
{
    public static string Of(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        var logged = new StringBuilder(text.Length);
        foreach (var character in text)
        {
            _ = character switch
            {
                '\n' => logged.Append("\\n"),
                '\t' => logged.Append("\\t"),
                _ when char.IsControl(character) || character is '\u2028' or '\u2029' => logged.Append('\uFFFD'),
                _ => logged.Append(character),
            };
        }

        return logged.ToString();
    }

    /// <summary>Kind and place of an accident: its message may repeat what it stumbled over.</summary>
    public static string WithoutWords(Exception exception)
    {
        ArgumentNullException.ThrowIfNull(exception);
        return $"{exception.GetType().Name}\n{exception.StackTrace}";
    }

    /// <summary>An exception and those that caused it, each with its kind, its message and the calls that led to it.</summary>
    public static string Of(Exception exception)
    {
        var told = new StringBuilder();
        for (var cause = exception; cause is not null; cause = cause.InnerException)
        {
            told.Append(told.Length == 0 ? "" : "\nCaused by ").Append(cause.GetType()).Append(": ").Append(Of(cause.Message));
            told.Append(cause.StackTrace is { } calls ? "\n" + calls : "");
        }

        return told.ToString();
    }
}
