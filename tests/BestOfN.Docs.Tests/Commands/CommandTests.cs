extern alias cli;

using System.CommandLine;
using BestOfN.Docs.Tests.Pages;
using cli::BestOfN.Cli;
using cli::BestOfN.Cli.Hosting;

namespace BestOfN.Docs.Tests.Commands;

/// <summary>The commands of the documents name programs, projects, commands and options that exist.</summary>
public sealed class CommandTests : IDisposable
{
    // What a reader has from elsewhere.
    private static readonly string[] s_others = ["apt-get", "sudo", "cp", "git", "jq", "export", "cd", "kill", "ffmpeg",
        "npm", "docker", "kubectl", "systemctl", "install"];

    private readonly string _folder = Directory.CreateTempSubdirectory("bestofn-").FullName;
    private readonly RootCommand _root = CommandLine.Create(CommandTerminal.OfProcess());

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Every_command_in_a_block_can_be_typed_as_it_stands()
    {
        var commands = Page.All.SelectMany(page => page.Blocks).Where(block => block.Language == "sh")
            .SelectMany(block => ShellCommand.Parse(block.Text, block.Place)).ToList();
        Assert.NotEmpty(commands);
        PageTests.AssertNone(commands.SelectMany(Problems));
    }

    [Fact]
    public void Every_command_in_a_sentence_names_commands_and_options_that_exist()
    {
        var commands = (from page in Page.All
                        from code in page.InlineCode
                        where code.Code.Split(' ') is ["bestofn" or "dotnet", _, ..]
                        let text = code.Code.Replace("…", "", StringComparison.Ordinal)
                        from command in ShellCommand.Parse(text, $"{page.Path}:{code.Number}")
                        select command).ToList();
        Assert.NotEmpty(commands);
        PageTests.AssertNone(commands.SelectMany(command => command.Program == "bestofn" ? Unknown(command) : Problems(command)));
    }

    private IEnumerable<string> Problems(ShellCommand command)
    {
        // A variable for one command stands before it: NAME=value dotnet test …
        var words = command.Words.SkipWhile(word => word.Contains('=', StringComparison.Ordinal)).ToList();
        return words switch
        {
            ["dotnet", "run", var file] when file.EndsWith(".cs", StringComparison.Ordinal) => [],   // one that the page shows
            ["dotnet", "run", .. var rest] => Run(command, rest),
            ["dotnet", "build" or "test" or "publish", .. var rest] when rest.Count > 0 && !rest[0].StartsWith('-') =>
                Exists(rest[0]) ? [] : [$"{command}: there is no {rest[0]}"],
            ["dotnet", "restore" or "--version", ..] => [],
            ["bestofn", .. var rest] => Parsed(command, rest),
            ["curl", ..] or [] => [],   // sent by the tests of requests
            [var program, ..] when s_others.Contains(program) => [],
            _ => [$"{command}: the program is not known"],
        };
    }

    private IEnumerable<string> Run(ShellCommand command, List<string> words)
    {
        var split = words.IndexOf("--");
        var own = split < 0 ? [] : words[(split + 1)..];
        var project = words[words.IndexOf("--project") + 1];
        return !Exists(project) ? [$"{command}: there is no {project}"]
            : project == "src/BestOfN.Cli" ? Parsed(command, own)

            // The gateway reads settings; benchmarks and fuzzing have options of their own, which their sources spell out.
            : project == "src/BestOfN.Gateway" ? []
            : from option in own.Where(word => word.StartsWith("--", StringComparison.Ordinal))
              where !Repository.SourcesUnder(project).Values.Any(source => source.Contains(option, StringComparison.Ordinal))
              select $"{command}: {project} does not know {option}";
    }

    private IEnumerable<string> Parsed(ShellCommand command, List<string> arguments) =>
        _root.Parse([.. arguments.Select((word, i) => Existing(word, i > 0 ? arguments[i - 1] : ""))]).Errors
            .Select(error => $"{command}: {error.Message}");

    // Options are checked for files and folders, which stand in documents by example: DIR, rows.jsonl.
    private string Existing(string word, string before)
    {
        var isPath = before is "--model" || word.AsSpan().ContainsAny('/', '.') || (word.Length > 1 && word.All(char.IsUpper));
        if (!isPath || word.StartsWith('-') || word.Contains("://", StringComparison.Ordinal)
            || word.All(c => char.IsDigit(c) || c == '.'))
        {
            return word;
        }

        var path = Path.Combine(_folder, word);
        if (Path.HasExtension(path))
        {
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            File.WriteAllText(path, "");
        }
        else
        {
            Directory.CreateDirectory(path);
        }

        return path;
    }

    private IEnumerable<string> Unknown(ShellCommand line)
    {
        Command command = _root;
        var words = line.Words.Skip(1).ToList();
        while (words.Count > 0 && command.Subcommands.FirstOrDefault(each => each.Name == words[0]) is { } next)
        {
            command = next;
            words.RemoveAt(0);
        }

        // A name in capitals stands for each of the commands there.
        Command[] meant = words is [var name, ..] && name.All(char.IsUpper) ? [.. command.Subcommands] : [command];
        var options = meant.SelectMany(each => each.Options).Concat(_root.Options)
            .SelectMany(option => option.Aliases.Append(option.Name)).ToHashSet();
        return command == _root && words.Any(word => !word.StartsWith('-'))
            ? [$"{line}: there is no such command"]
            : words.Where(word => word.StartsWith('-') && !options.Contains(word.Split('=')[0]))
                .Select(word => $"{line}: there is no option {word}");
    }

    private static bool Exists(string path) => File.Exists(Repository.PathOf(path)) || Directory.Exists(Repository.PathOf(path));
}
