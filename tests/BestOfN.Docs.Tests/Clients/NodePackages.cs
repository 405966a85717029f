using BestOfN.Docs.Tests.Commands;
using BestOfN.Docs.Tests.Pages;

namespace BestOfN.Docs.Tests.Clients;

/// <summary>A folder with the packages that docs/clients.md tells to install.</summary>
public sealed class NodePackages : IAsyncLifetime
{
    public string Folder { get; } = Directory.CreateTempSubdirectory("bestofn-node-").FullName;

    /// <summary>Why there are none; null where they are there.</summary>
    public string? Missing { get; private set; }

    public async ValueTask InitializeAsync()
    {
        if (!ClientProgram.IsThere("node") || !ClientProgram.IsThere("npm"))
        {
            Missing = "node and npm are not installed.";
            return;
        }

        var install = Page.Open("docs/clients.md").Blocks.Where(block => block.Language == "sh")
            .SelectMany(block => ShellCommand.Parse(block.Text, block.Place)).Single(command => command.Program == "npm");
        var (exitCode, output) = await ClientProgram.RunAsync(
            Folder, "npm", [.. install.Words.Skip(1), "--no-audit", "--no-fund", "--no-update-notifier", "--fetch-retries=1"]);
        Missing = exitCode == 0 ? null : $"npm could not install the clients: {output}";
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(Folder, recursive: true);
        return ValueTask.CompletedTask;
    }
}
