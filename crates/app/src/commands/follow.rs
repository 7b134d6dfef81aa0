//! Whether progress follows the learner to other computers.

use crate::App;
use crate::api::Failure;
use crate::api::follow::FollowView;
use crate::api::input::Nothing;
use crate::runner::follow;

impl App {
    /// See the list of commands.
    pub async fn follow(&self, _: Nothing) -> Result<FollowView, Failure> {
        let accounts = self.db(follow::views).await?;
        Ok(FollowView { on: self.settings().follow, accounts })
    }
}
