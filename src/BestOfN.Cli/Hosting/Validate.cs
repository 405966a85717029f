using System.CommandLine;
using System.CommandLine.Parsing;

namespace BestOfN.Cli.Hosting;

/// <summary>Limits of options, checked before anything runs. Each message begins with the name of its option.</summary>
internal static class Validate
{
    public static Action<OptionResult> AtLeast(Option<int> option, int minimum) => result =>
    {
        if (result.GetValueOrDefault<int>() < minimum)
        {
            result.AddError($"{option.Name} must be at least {minimum}.");
        }
    };

    /// <summary>The option names a folder that is there.</summary>
    public static void Exists(Option<DirectoryInfo> option) => Check(option, path =>
        Directory.Exists(path) ? null : File.Exists(path) ? $"'{path}' is a file; expected a folder" : $"there is no folder '{path}'");

    /// <summary>The option names a file that is there.</summary>
    public static void Exists(Option<FileInfo> option) => Check(option, path =>
        File.Exists(path) ? null : Directory.Exists(path) ? $"'{path}' is a folder; expected a file" : $"there is no file '{path}'");

    /// <summary>The option names what is to be made, so that it may be missing, but it does name something.</summary>
    public static void IsNamed(Option option) => Check(option, path => path.Length > 0 ? null : "expected a path, found an empty text");

    private static void Check(Option option, Func<string, string?> mistake) => option.Validators.Add(result =>
    {
        foreach (var token in result.Tokens)
        {
            if (mistake(token.Value) is { } found)
            {
                result.AddError($"{option.Name}: {found}.");
            }
        }
    });
}
