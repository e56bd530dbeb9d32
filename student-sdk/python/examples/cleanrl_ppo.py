"""PPO in a single file, as in CleanRL, on tasks of a curriculum: `python cleanrl_ppo.py --updates 500`."""

import argparse

import gymnasium
import torch
from torch import nn
from torch.distributions import Normal

import magister


def main(arguments=None):
    parser = argparse.ArgumentParser()
    parser.add_argument("--server", help="address; without it a server is started for this run")
    parser.add_argument("--updates", type=int, default=500)
    parser.add_argument("--rollout", type=int, default=512, help="steps of each environment between two updates")
    options = parser.parse_args(arguments)
    client = magister.connect(options.server or magister.LocalTeacher().address)
    space = {"stump_height": (0, 3), "obstacle_spacing": (0, 6)}
    curriculum = client.curriculum("walker-cleanrl", space, return_range=(-150, 350))
    envs = [gymnasium.make("magister/BipedalWalkerTracks-v0", track="stump") for _ in range(8)]
    envs = [magister.CurriculumWrapper(env, curriculum) for env in envs]
    hidden = [nn.Linear(24, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh()]
    actor, critic = nn.Sequential(*hidden, nn.Linear(64, 4)), nn.Sequential(*hidden, nn.Linear(64, 1))
    log_std = nn.Parameter(torch.zeros(4))
    optimizer = torch.optim.Adam([*actor.parameters(), *critic[-1].parameters(), log_std], lr=3e-4)
    states = torch.stack([torch.as_tensor(env.reset()[0]) for env in envs])
    for _ in range(options.updates):
        rollout = []
        for _ in range(options.rollout):
            with torch.no_grad():
                policy, values = Normal(actor(states), log_std.exp()), critic(states)[:, 0]
            actions = policy.sample()
            played = [env.step(action.clamp(-1, 1).numpy()) for env, action in zip(envs, actions, strict=True)]
            rewards = torch.tensor([float(reward) for _, reward, _, _, _ in played])
            alive = torch.tensor([float(not (terminated or truncated)) for _, _, terminated, truncated, _ in played])
            rollout.append((states, actions, policy.log_prob(actions).sum(1), values, rewards, alive))
            nexts = [step[0] if lives else env.reset()[0] for env, step, lives in zip(envs, played, alive, strict=True)]
            states = torch.stack([torch.as_tensor(state) for state in nexts])
        advantage, next_values, advantages = 0.0, critic(states)[:, 0].detach(), []
        for _, _, _, values, rewards, alive in reversed(rollout):
            advantage = rewards + 0.99 * alive * next_values - values + 0.99 * 0.95 * alive * advantage
            next_values, advantages = values, [advantage, *advantages]
        seen, actions, log_probs, values, _, _ = (torch.cat(part) for part in zip(*rollout, strict=True))
        advantages = torch.cat(advantages)
        returns, advantages = advantages + values, (advantages - advantages.mean()) / (advantages.std() + 1e-8)
        for batch in [part for _ in range(10) for part in torch.randperm(len(seen)).split(256)]:
            ratio = (Normal(actor(seen[batch]), log_std.exp()).log_prob(actions[batch]).sum(1) - log_probs[batch]).exp()
            gain = torch.min(ratio * advantages[batch], ratio.clamp(0.8, 1.2) * advantages[batch]).mean()
            loss = 0.5 * (critic(seen[batch])[:, 0] - returns[batch]).pow(2).mean() - gain
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
    print(f"{curriculum.info().episodes} episodes; mean ALP {curriculum.distribution().mean_alp:.3f}")


if __name__ == "__main__":
    main()
