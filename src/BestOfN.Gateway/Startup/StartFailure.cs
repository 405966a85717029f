using System.Net.Sockets;
using System.Security.Cryptography;
using BestOfN.Gateway.Configuration;
using Microsoft.AspNetCore.Connections;
using Microsoft.Extensions.Options;

namespace BestOfN.Gateway.Startup;

/// <summary>Tells an operator why the gateway cannot start: a list on standard error instead of a stack trace.</summary>
internal static class StartFailure
{
    public const int ExitCode = 1;

    /// <returns>The problems, one line each; null for a failure that only a stack trace explains.</returns>
    public static IReadOnlyList<string>? Explain(Exception exception) => exception switch
    {
        ConfigurationException configuration => configuration.Problems,
        OptionsValidationException options => [.. options.Failures],
        InvalidDataException { InnerException: FormatException broken } file => [$"{Line(file)} {Line(broken.InnerException ?? broken)}"],
        IOException { InnerException: AddressInUseException } =>
            [$"{Line(exception)} Another program listens there; choose another address with --urls or BestOfN:ListenUrl."],
        SocketException => [$"Cannot listen at the configured address: {Line(exception)}."],
        InvalidOperationException when IsOfServer(exception)
            && exception.Message.Contains("certificate", StringComparison.OrdinalIgnoreCase) =>
            [$"{Line(exception)} Name one under Kestrel:Certificates:Default, with Path and KeyPath or Password."],
        FileNotFoundException or DirectoryNotFoundException or CryptographicException or UnauthorizedAccessException => [Line(exception)],
        _ when IsOfServer(exception) => [Line(exception)],
        _ => null,
    };

    public static void Write(IReadOnlyList<string> problems, TextWriter writer)
    {
        writer.WriteLine(problems.Count == 1 ? "The gateway cannot start:" : $"The gateway cannot start, for {problems.Count} reasons:");
        foreach (var problem in problems)
        {
            writer.WriteLine("  " + problem);
        }
    }

    private static bool IsOfServer(Exception exception) =>
        exception.Source?.StartsWith("Microsoft.AspNetCore", StringComparison.Ordinal) == true;

    /// <summary>The first line of the message, as a sentence.</summary>
    private static string Line(Exception exception)
    {
        var line = exception.Message.Split('\n', 2)[0].Trim();
        return line.EndsWith('.') ? line : line + ".";
    }
}
